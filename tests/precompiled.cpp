// The target that owns the tests' precompiled headers: a target needs a source.
int main() {}
