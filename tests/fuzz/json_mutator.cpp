#include "fuzz/json_mutator.hpp"

#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

namespace lamina::fuzz {
namespace {

using Json = nlohmann::ordered_json;

class Mutator {
  public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    void change(Json& root) {
        std::vector<Json*> all;
        collect(root, all);
        Json& node = *all[below(all.size())];
        switch (below(8)) {
            case 0: node = fresh(); break;
            case 1: node = Json(*all[below(all.size())]); break;
            case 2: node = Json::array({node}); break;
            case 3: remove(node); break;
            case 4: repeat(node); break;
            case 5: rename(node); break;
            default: change_value(node); break;
        }
    }

  private:
    std::size_t below(std::size_t limit) { return random_() % limit; }

    // Breadth first: recursion is what deep input would break.
    static void collect(Json& root, std::vector<Json*>& out) {
        out.push_back(&root);
        for (std::size_t i = 0; i < out.size() && out.size() < 4096; ++i) {
            if (!out[i]->is_structured()) continue;
            for (auto& inner : *out[i]) out.push_back(&inner);
        }
    }

    Json fresh() {
        const std::int64_t edges[] = {0, 1, -1, 2, 255, 4096, INT32_MAX, INT64_MAX, INT64_MIN};
        switch (below(9)) {
            case 0: return nullptr;
            case 1: return below(2) == 0;
            case 2: return edges[below(std::size(edges))];
            case 3: return UINT64_MAX - below(3);
            case 4: return 0.5 * static_cast<double>(below(100)) - 10;
            case 5: return std::string();
            case 6: return mutate_bytes("text", 64);
            case 7: return Json::array();
            default: return Json::object();
        }
    }

    void change_value(Json& node) {
        if (node.is_string()) {
            const auto& text = node.get_ref<const std::string&>();
            node = mutate_bytes(text, text.size() + 64);
        } else if (node.is_number_integer()) {
            const std::int64_t value = node.get<std::int64_t>();
            const std::uint64_t wide = static_cast<std::uint64_t>(value);
            const std::uint64_t changed[] = {wide + 1, wide - 1, wide * 2, wide / 2, 0 - wide};
            node = static_cast<std::int64_t>(changed[below(std::size(changed))]);
        } else if (node.is_array()) {
            node.insert(node.begin() + static_cast<std::ptrdiff_t>(below(node.size() + 1)), fresh());
        } else if (node.is_object()) {
            node[mutate_bytes("content", 24)] = fresh();
        } else {
            node = fresh();
        }
    }

    void remove(Json& node) {
        if (!node.is_structured() || node.empty()) return change_value(node);
        node.erase(std::next(node.begin(), static_cast<std::ptrdiff_t>(below(node.size()))));
    }

    void repeat(Json& node) {
        if (!node.is_array() || node.empty()) return change_value(node);
        node.push_back(Json(node[below(node.size())]));
        std::swap(node[below(node.size())], node[node.size() - 1]);
    }

    void rename(Json& node) {
        if (!node.is_object() || node.empty()) return change_value(node);
        const auto at = std::next(node.begin(), static_cast<std::ptrdiff_t>(below(node.size())));
        Json value = at.value();
        const std::string name = mutate_bytes(at.key(), at.key().size() + 16);
        node.erase(at);
        node[name] = std::move(value);
    }

    std::minstd_rand random_;
};

}  // namespace

std::string mutate_bytes(std::string_view text, std::size_t max_size) {
    std::string out(text);
    out.resize(std::max(max_size, text.size()));
    out.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(out.data()), text.size(), out.size()));
    return out;
}

std::string mutate_json(std::string_view text, std::size_t max_size, unsigned seed) {
    constexpr int most_depth = 100;
    bool deep = false;
    const auto limit = [&](int depth, Json::parse_event_t, Json&) {
        deep = deep || depth > most_depth;
        return !deep;
    };
    Json root;
    if (seed % 5 != 0) root = Json::parse(text, limit, false);
    if (seed % 5 == 0 || deep || root.is_discarded()) return mutate_bytes(text, max_size);
    Mutator mutator(seed);
    for (unsigned i = 0; i <= seed / 5 % 3; ++i) mutator.change(root);
    std::string out = root.dump(-1, ' ', false, Json::error_handler_t::replace);
    return out.size() <= max_size ? out : mutate_bytes(text, max_size);
}

}  // namespace lamina::fuzz
