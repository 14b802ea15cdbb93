#include "text/jinja/json_input.hpp"

#include <nlohmann/json.hpp>

#include "base/errors.hpp"

namespace lamina::text::jinja {

namespace {

constexpr Errors errors{"template"};
constexpr std::string_view subject = "JSON input";

// Builds the values as the parser reports them, on a stack of its own: nothing recurses.
class Reader : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit Reader(Budget& budget) : budget_(budget) {}

    DictRef result() { return std::move(result_); }

    bool null() override { return add(Value(None{})); }
    bool boolean(bool value) override { return add(Value::boolean(value, false)); }
    bool number_integer(std::int64_t value) override { return add(Value::integer(value, false)); }
    bool number_unsigned(std::uint64_t value) override {
        if (value >> 63 != 0) errors.refuse(subject, "an integer of at most 63 bits", std::to_string(value));
        return add(Value::integer(static_cast<std::int64_t>(value), false));
    }
    bool number_float(double value, const std::string& digits) override {
        if (digits.find_first_of(".eE") == digits.npos)
            errors.refuse(subject, "an integer of at most 63 bits", digits);
        return add(Value::real(value, false));
    }
    bool string(std::string& value) override {
        const bool trusted = open_.size() == 1 && (key_ == "bos_token" || key_ == "eos_token");
        return add(text(value, trusted));
    }
    bool binary(nlohmann::json::binary_t&) override { return false; }

    bool start_object(std::size_t) override { return open(true); }
    bool start_array(std::size_t) override { return open(false); }
    bool key(std::string& value) override {
        open_.back().key = text(value, false);
        if (open_.size() == 1) key_ = value;
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::json::exception& error) override {
        errors.at(position).refuse(subject, "JSON in UTF-8", error.what());
    }

  private:
    struct Open {  // a list or mapping that is not complete
        std::shared_ptr<Dict> dict;
        std::optional<ListBuilder> list;
        Value key;
    };

    Value text(const std::string& value, bool trusted) {
        budget_.check_string(value.size());
        auto out = std::make_shared<String>();
        out->text.text = value;
        if (!value.empty()) out->text.spans.push_back({value.size(), trusted});
        out->charge = Charge(budget_, value.size() + sizeof(String) + sizeof(Span) + 16);
        return Value(StringRef(std::move(out))).marked(trusted);
    }

    bool open(bool object) {
        if (open_.size() > static_cast<std::size_t>(max_depth)) {
            errors.refuse(subject, "at most " + std::to_string(max_depth) + " levels", "deeper nesting");
        }
        if (open_.empty() && !object) errors.refuse(subject, "an object", "an array");
        auto& level = open_.emplace_back();
        if (object)
            level.dict = std::make_shared<Dict>(budget_);
        else
            level.list.emplace(budget_);
        return true;
    }

    bool close() {
        auto level = std::move(open_.back());
        open_.pop_back();
        if (!open_.empty()) {
            return add(level.dict ? Value(DictRef(std::move(level.dict))).marked(false)
                                  : level.list->finish(false));
        }
        result_ = std::move(level.dict);
        return true;
    }

    bool add(Value value) {
        if (open_.empty()) errors.refuse(subject, "an object", "a single value");
        auto& level = open_.back();
        if (level.dict)
            level.dict->set(budget_, std::move(level.key), std::move(value));
        else
            level.list->push(std::move(value));
        return true;
    }

    Budget& budget_;
    std::vector<Open> open_;
    std::string key_;  // of the member of the top object that is read
    DictRef result_;
};

}  // namespace

DictRef read_json_object(Budget& budget, std::string_view json) {
    Reader reader(budget);
    nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
    return reader.result();
}

}  // namespace lamina::text::jinja
