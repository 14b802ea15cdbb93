#!/usr/bin/env python3
"""Installs lamina, static and shared, and uses it from projects outside of its tree.

usage: install_test.py SOURCE BUILD WRITE_TEXT_MODEL [unittest's arguments]
       BUILD is a finished build; the library of the other kind (static or shared) is built in BUILD-install-other, and
       with a host that takes it as a subdirectory in BUILD-install-host: as deep as BUILD, so that the relative paths in
       their commands are BUILD's and ccache knows what was compiled there
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, WRITE_TEXT_MODEL = [os.path.realpath(path) for path in sys.argv[1:4]]
TINY = os.path.join(SOURCE, "tests/data/tiny")
HOST = os.path.join(SOURCE, "tests/install/host")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
KINDS = {"static": "OFF", "shared": "ON"}
# What ccache has to be told for one folder to find what another compiled: tests/run.sh says the same.
os.environ.setdefault("CCACHE_BASEDIR", SOURCE)
os.environ.setdefault("CCACHE_NOHASHDIR", "1")


def run(*command, status=0, **options):
    """Standard output of a command, which must end with this status."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(command)}\nstatus {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def cached(build, name):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        found = re.search(rf"^{name}:\w+=(.*)$", file.read(), re.M)
    return found[1] if found else ""


def side_by_side(function, items):
    """The results, or what was thrown, of the function on each item: most of them are compilers, one a core."""
    def caught(item):
        try:
            return function(item)
        except AssertionError as fault:
            return fault
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(caught, items))


def all_succeed(*commands):
    for result in side_by_side(lambda command: run(*command), commands):
        if isinstance(result, AssertionError):
            raise result


def configure(source, build, *settings):
    """The same compiler and flags as the build under test, but for the settings."""
    same = [f"-D{name}={cached(BUILD, name)}" for name in
            ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_FLAGS", "LAMINA_ONEDNN", "LAMINA_WERROR")]
    run("cmake", "-S", source, "-B", build, "-G", cached(BUILD, "CMAKE_GENERATOR"), *same, *settings)


def install(kind, prefix):
    build = BUILD
    if kind != BUILT:
        build = BUILD + "-install-other"
        # Every object differs from BUILD's by what it exports. What the tests ask is nothing that optimising changes,
        # and it would take two thirds of the time.
        configure(SOURCE, build, f"-DBUILD_SHARED_LIBS={KINDS[kind]}", "-DLAMINA_BUILD_TESTS=OFF", "-DLAMINA_BUILD_TOOLS=OFF",
                  "-DCMAKE_CXX_FLAGS_RELEASE=-O0 -DNDEBUG")
        run("cmake", "--build", build, "--target", "lamina")
    run("cmake", "--install", build, "--prefix", prefix)


def headers(prefix, *names):
    files = [file for name in names for file in glob.glob(f"{prefix}/include/lamina/**/{name}", recursive=True)]
    return sorted(os.path.relpath(file, f"{prefix}/include") for file in files)


def elf_files(folder):
    found = []
    for where, _, names in os.walk(folder):
        for path in (os.path.join(where, name) for name in names):
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.append(path)
    return found


BUILT = "shared" if cached(BUILD, "BUILD_SHARED_LIBS") == "ON" else "static"


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="lamina-install-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.model = os.path.join(cls.root, "text.gguf")
        run(WRITE_TEXT_MODEL, cls.model)
        cls.prefix = {}
        for kind in KINDS:
            first = os.path.join(cls.root, "installed", kind)
            install(kind, first)
            # Nothing may depend on where it was installed.
            cls.prefix[kind] = os.path.join(cls.root, "moved", kind)
            os.renames(first, cls.prefix[kind])
        shutil.copytree(HOST, os.path.join(cls.root, "host"))
        for program in ("hello.cpp", "hello.c", "openmp.cpp"):
            shutil.copy(os.path.join(SOURCE, "examples", program), os.path.join(cls.root, "host"))

    def flags(self, kind, *more):
        packages = glob.glob(f"{self.prefix[kind]}/lib*/**/pkgconfig", recursive=True)[0]
        environment = dict(os.environ, PKG_CONFIG_PATH=packages)
        return run("pkg-config", "--cflags", "--libs", *more, "lamina", env=environment).split()

    def libraries(self, kind):
        return os.path.dirname(glob.glob(f"{self.prefix[kind]}/lib*/**/liblamina.*", recursive=True)[0])

    def check_programs(self, folder, origin, environment=None):
        """hello and forward in `folder` compute; with oneDNN from below `origin`, if at all."""
        environment = dict(os.environ, **(environment or {}))
        hello, forward = os.path.join(folder, "hello"), os.path.join(folder, "forward")
        self.assertGreater(len(run(hello, self.model, "hello", env=environment).strip()), 0)
        refused = subprocess.run([hello, "no.gguf", "hello"], capture_output=True, text=True, env=environment)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("hello: ", refused.stderr)
        self.assertIn("no.gguf: ", refused.stderr)
        self.assertEqual("", run(forward, f"{TINY}/llama.gguf", f"{TINY}/llama.ref.safetensors", env=environment))
        for program in (hello, forward):
            self.check_loaded(program, origin, environment)

    def check_loaded(self, program, origin, environment=None):
        """Of what lamina brings, everything comes from below `origin`; nothing is missing, nothing from a venv."""
        loaded = run("ldd", program, env=environment)
        self.assertNotIn("not found", loaded)
        for name, path in re.findall(r"(lib(?:lamina|dnnl)\S*) => (\S+)", loaded):
            self.assertTrue(os.path.realpath(path).startswith(origin + "/"), f"{program} takes {name} from {path}")

    def build_host(self, name, *settings, build=None):
        build = build or os.path.join(self.root, "build-" + name)
        configure(os.path.join(self.root, "host"), build, *settings)
        run("cmake", "--build", build)
        return build

    def find_package(self, kind):
        build = self.build_host("find-" + kind, f"-DCMAKE_PREFIX_PATH={self.prefix[kind]}")
        self.check_programs(build, self.prefix[kind])
        openmp = os.path.join(build, "openmp")
        if cached(BUILD, "OpenMP_CXX_FLAGS") not in ("", "NOTFOUND"):
            self.assertRegex(run(openmp, self.model, "hello"), "^hello.+")
            self.check_loaded(openmp, self.prefix[kind])

    def test_find_package_static(self):
        self.find_package("static")

    def test_find_package_shared(self):
        self.find_package("shared")

    def test_find_package_from_c(self):
        for kind in KINDS:
            with self.subTest(kind):
                build = self.build_host("c-" + kind, f"-DCMAKE_PREFIX_PATH={self.prefix[kind]}", "-DLANGUAGE=C")
                self.assertGreater(len(run(os.path.join(build, "hello"), self.model, "hello").strip()), 0)
                self.check_loaded(os.path.join(build, "hello"), self.prefix[kind])

    def test_find_package_refuses_another_minor_version(self):
        major, minor = cached(BUILD, "CMAKE_PROJECT_VERSION_MAJOR"), cached(BUILD, "CMAKE_PROJECT_VERSION_MINOR")
        wanted = f"{major}.{int(minor) + 1}"
        with self.assertRaisesRegex(AssertionError, r"compatible\s+with requested"):
            configure(os.path.join(self.root, "host"), os.path.join(self.root, "build-other"),
                      f"-DCMAKE_PREFIX_PATH={self.prefix['shared']}", f"-DWANTED_VERSION={wanted}")

    def test_add_subdirectory(self):
        folder = BUILD + "-install-host"
        shutil.rmtree(folder, ignore_errors=True)
        self.addCleanup(shutil.rmtree, folder)
        build = self.build_host("subdirectory", f"-DLAMINA_SOURCE={SOURCE}", build=folder)
        onednn = cached(build, "dnnl_DIR")
        origin = os.path.realpath(os.path.join(onednn, "../../..")) if onednn else build
        self.check_programs(build, origin)

    def pkg_config(self, kind, *more):
        folder = tempfile.mkdtemp(dir=self.root)
        flags = self.flags(kind, *more)
        all_succeed(["gcc", "-std=c11", os.path.join(self.root, "host/hello.c"), "-o", os.path.join(folder, "hello_c"), *flags],
                    *(["g++", "-std=c++20", os.path.join(self.root, "host", program + ".cpp"), "-o", os.path.join(folder, program),
                       *flags] for program in ("hello", "forward")))
        found = {"LD_LIBRARY_PATH": self.libraries(kind)} if kind == "shared" else {}
        self.check_programs(folder, self.prefix[kind], found)
        run(os.path.join(folder, "hello_c"), self.model, "hello", env=dict(os.environ, **found))

    def test_pkg_config_static(self):
        self.pkg_config("static", "--static")

    def test_pkg_config_shared(self):
        self.pkg_config("shared")

    def test_terms_are_installed(self):
        """Of lamina, and of the oneDNN that comes along."""
        for kind in KINDS:
            terms = {os.path.relpath(path, self.prefix[kind])
                     for path in glob.glob(f"{self.prefix[kind]}/share/doc/lamina/**", recursive=True)}
            self.assertIn("share/doc/lamina/LICENSE", terms)
            brings_onednn = bool(glob.glob(f"{self.prefix[kind]}/lib*/lamina/libdnnl*"))
            self.assertEqual(brings_onednn, "share/doc/lamina/onednn/LICENSE" in terms)

    def test_installed_files_know_no_build(self):
        for kind, prefix in self.prefix.items():
            with self.subTest(kind):
                texts = glob.glob(f"{prefix}/lib*/**/*.cmake", recursive=True) + glob.glob(f"{prefix}/lib*/**/*.pc", recursive=True)
                self.assertGreaterEqual(len(texts), 5)
                for path in texts:
                    with open(path, encoding="utf-8") as file:
                        text = file.read()
                    for foreign in (SOURCE, BUILD, self.root, "venv"):
                        self.assertNotIn(foreign, text, path)
                for path in elf_files(prefix):
                    for entry in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", run("readelf", "-d", path)):
                        for folder in entry.split(":"):
                            self.assertTrue(folder.startswith("$ORIGIN"), f"{path}: run path {folder}")

    def test_tool(self):
        """Of the build under test alone: compiling it twice takes minutes."""
        if cached(BUILD, "LAMINA_BUILD_TOOLS") != "ON":
            self.skipTest("built with LAMINA_BUILD_TOOLS=OFF")
        tool = os.path.join(self.prefix[BUILT], "bin/lamina")
        self.check_loaded(tool, self.prefix[BUILT])
        self.assertIn("llama", run(tool, "info", f"{TINY}/llama.gguf"))

    def test_exported_symbols(self):
        """Nothing but what the headers mark: members of public classes, public functions, C functions."""
        text = ""
        for name in headers(self.prefix["shared"], "*.hpp", "*.h"):
            with open(f"{self.prefix['shared']}/include/{name}", encoding="utf-8") as file:
                text += file.read()
        classes = re.findall(r"\b(?:class|struct) LAMINA_API (\w+)", text)
        functions = re.findall(r"^LAMINA_API [^;=(]*?\b(\w+)\(", text, re.M)
        self.assertIn("Model", classes)
        self.assertIn("inspect", functions)
        public = re.compile(rf"lamina::(?:{'|'.join(classes)})::[~\w=]+(?: ?\[|\[abi:cxx11\]|\(|$)"
                            rf"|lamina::(?:{'|'.join(functions)})(?:\[abi:cxx11\])?\("
                            rf"|(?:typeinfo|typeinfo name|vtable) for lamina::(?:{'|'.join(classes)})$"
                            rf"|(?:{'|'.join(functions)})$")
        library = os.path.realpath(os.path.join(self.libraries("shared"), "liblamina.so"))
        names = [line.split(maxsplit=2)[2] for line in run("nm", "-D", "-C", "--defined-only", library).splitlines()]
        self.assertGreater(len(names), 80)
        self.assertEqual([], [name for name in names if not public.match(name)])

    def test_static_library_is_not_exported_again(self):
        source, plugin = os.path.join(self.root, "plugin.cpp"), os.path.join(self.root, "plugin.so")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <lamina/lamina.hpp>\n"
                       'extern "C" int layers(const char* path) { return (int)lamina::inspect(path).layers; }\n')
        run("g++", "-std=c++20", "-shared", "-fPIC", "-fvisibility-inlines-hidden", source, "-o", plugin, *self.flags("static"))
        exported = [line.split(maxsplit=2)[2] for line in run("nm", "-D", "-C", "--defined-only", plugin).splitlines()]
        self.assertIn("layers", exported)
        own = [name for name in exported if re.match(r"lamina::(Model|Engine|Error|Tokenizer|inspect|text|model|format)\b", name)]
        self.assertEqual([], own)

    def test_headers_alone_under_strict_compilers(self):
        include = f"{self.prefix['static']}/include"
        compilers = [name for name in ("g++", "clang++-14") if shutil.which(name)]
        self.assertIn("g++", compilers)
        cases = [(compiler, "c++20", "c++", header) for compiler in compilers for header in headers(self.prefix["static"], "*.hpp")]
        cases += [("gcc", "c11", "c", header) for header in headers(self.prefix["static"], "*.h")]

        def compile_alone(case):
            compiler, standard, language, header = case
            alone = [compiler, f"-std={standard}", *STRICT, "-fsyntax-only", f"-I{include}", "-include", header, "-x", language, "-"]
            if header == "lamina/openmp.hpp":
                with self.assertRaisesRegex(AssertionError, "compile with -fopenmp"):
                    run(*alone, input="")
                alone.insert(1, "-fopenmp")
            run(*alone, input="int used;\n")

        for (compiler, _, _, header), fault in zip(cases, side_by_side(compile_alone, cases)):
            with self.subTest(compiler=compiler, header=header):
                if fault:
                    raise fault

    def test_host_under_clang(self):
        clang = shutil.which("clang++-14")
        if clang is None:
            self.skipTest("clang++-14 is not installed (cmake/setup.sh installs it)")
        folder = tempfile.mkdtemp(dir=self.root)
        flags = self.flags("static")
        all_succeed(*([clang, "-std=c++20", *STRICT, os.path.join(self.root, "host", program + ".cpp"),
                       "-o", os.path.join(folder, program), *flags] for program in ("hello", "forward")))
        self.check_programs(folder, self.prefix["static"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[4:])
