// What the library hands out: C structs whose pointers reach into the C++ values that they own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/c/common.h"
#include "lamina/c/device.h"
#include "lamina/c/model.h"
#include "lamina/c/plan.h"
#include "lamina/c/request.h"
#include "lamina/device.hpp"
#include "lamina/engine.hpp"
#include "lamina/model.hpp"
#include "lamina/plan.hpp"

namespace lamina::c_api {

inline lamina_string view(const std::string& text) noexcept { return {text.c_str(), text.size()}; }
inline lamina_string view(const char* text) noexcept { return {text, std::string_view(text).size()}; }

inline std::vector<lamina_string> views(const std::vector<std::string>& texts) {
    std::vector<lamina_string> out;
    out.reserve(texts.size());
    for (const auto& text : texts) out.push_back(view(text));
    return out;
}

// Views of a list, reached through pointers, so that the structs can grow.
template <class View, class Struct>
class Views {
  public:
    template <class Value>
    explicit Views(const std::vector<Value>& values) {
        views_.reserve(values.size());
        for (const auto& value : values) views_.emplace_back(value);
        for (const auto& each : views_) pointers_.push_back(&each);
    }
    const Struct* const* data() const { return pointers_.data(); }
    std::size_t size() const { return pointers_.size(); }

  private:
    std::vector<View> views_;
    std::vector<const Struct*> pointers_;
};

// None of these may move: their pointers reach into themselves.
class Fixed {
  public:
    Fixed() = default;
    Fixed(const Fixed&) = delete;
    Fixed& operator=(const Fixed&) = delete;
};

struct TextView : lamina_text, Fixed {
    explicit TextView(std::string text);
    const std::string value;
};

struct TokensView : lamina_tokens, Fixed {
    explicit TokensView(std::vector<TokenId> tokens);
    const std::vector<TokenId> values;
};

struct StringsView : lamina_strings, Fixed {
    explicit StringsView(std::vector<std::string> texts);
    const std::vector<std::string> values;
    const std::vector<lamina_string> strings;
};

struct DeviceView : lamina_device_info {
    explicit DeviceView(const DeviceInfo& device);
    std::vector<lamina_string> isa_names;
};

// A list that the caller gets: C's `List` of `Item`s, each a `View` of a `Value`.
template <class List, class Item, class View, class Value>
struct ListView : List, Fixed {
    explicit ListView(std::vector<Value> all) : List{}, values(std::move(all)), list(values) {
        this->items = list.data();
        this->count = list.size();
    }
    const std::vector<Value> values;
    const Views<View, Item> list;
};

using DeviceListView = ListView<lamina_device_list, lamina_device_info, DeviceView, DeviceInfo>;

struct BufferView : lamina_plan_buffer {
    explicit BufferView(const PlanBuffer& buffer);
};

struct LayersView : lamina_plan_layers {
    explicit LayersView(const PlanLayers& layers);
};

struct PlanView : lamina_plan, Fixed {
    explicit PlanView(Plan plan);
    const Plan value;
    const Views<DeviceView, lamina_device_info> device_list;
    const Views<BufferView, lamina_plan_buffer> buffer_list;
    const Views<LayersView, lamina_plan_layers> layers_list;
};

struct TypeCountView : lamina_type_count {
    explicit TypeCountView(const TypeCount& count);
};

struct ModelInfoView : lamina_model_info, Fixed {
    explicit ModelInfoView(ModelInfo info);
    const ModelInfo value;
    const Views<TypeCountView, lamina_type_count> type_list;
    const std::vector<lamina_string> feature_list;
};

struct ImplementationView : lamina_op_implementation {
    explicit ImplementationView(const OpImplementation& implementation);
};

using ImplementationListView =
    ListView<lamina_implementation_list, lamina_op_implementation, ImplementationView, OpImplementation>;

struct OpTimeView : lamina_op_time {
    explicit OpTimeView(const OpTime& time);
};

using OpTimeListView = ListView<lamina_op_time_list, lamina_op_time, OpTimeView, OpTime>;

struct PieceView : lamina_piece, Fixed {
    explicit PieceView(Piece piece);
    const Piece value;
    std::vector<std::vector<lamina_token_logprob>> likely;  // one list a token
    std::vector<lamina_token_logprobs> lists;
};

}  // namespace lamina::c_api
