#include "api/c/views.hpp"

#include <utility>

namespace lamina::c_api {

TextView::TextView(std::string text) : lamina_text{}, value(std::move(text)) {
    data = value.c_str();
    size = value.size();
}

TokensView::TokensView(std::vector<TokenId> tokens) : lamina_tokens{}, values(std::move(tokens)) {
    ids = values.data();
    count = values.size();
}

StringsView::StringsView(std::vector<std::string> texts)
    : lamina_strings{}, values(std::move(texts)), strings(views(values)) {
    items = strings.data();
    count = strings.size();
}

DeviceView::DeviceView(const DeviceInfo& device) : lamina_device_info{}, isa_names(views(device.isa)) {
    name = view(device.name);
    backend = view(device.backend);
    description = view(device.description);
    memory_bytes = device.memory_bytes;
    available_bytes = device.available_bytes;
    threads = device.threads;
    isa = isa_names.data();
    isa_count = isa_names.size();
    isa_used = view(device.isa_used);
    stated = {.read_bytes_per_s = device.stated.read_bytes_per_s,
              .memory_bytes_per_s = device.stated.memory_bytes_per_s,
              .link_bytes_per_s = device.stated.link_bytes_per_s,
              .operations_per_s = device.stated.operations_per_s};
}

BufferView::BufferView(const PlanBuffer& buffer) : lamina_plan_buffer{} {
    device = view(buffer.device);
    name = view(buffer.name);
    bytes = buffer.bytes;
    mapped_bytes = buffer.mapped_bytes;
    detail = view(buffer.detail);
}

LayersView::LayersView(const PlanLayers& layers) : lamina_plan_layers{} {
    first = layers.first;
    last = layers.last;
    device = view(layers.device);
    weight_bytes = layers.weight_bytes;
}

PlanView::PlanView(Plan plan)
    : lamina_plan{},
      value(std::move(plan)),
      device_list(value.devices),
      buffer_list(value.buffers),
      layers_list(value.layers) {
    devices = device_list.data();
    device_count = device_list.size();
    buffers = buffer_list.data();
    buffer_count = buffer_list.size();
    layers = layers_list.data();
    layers_count = layers_list.size();
    context = value.context;
    sequences = value.sequences;
    batch_tokens = value.batch_tokens;
    reason = view(value.reason);
    total_bytes = value.total_bytes();
    mapped_bytes = value.mapped_bytes();
    ops = view(value.ops);
}

TypeCountView::TypeCountView(const TypeCount& count) : lamina_type_count{} {
    type = view(count.type);
    tensors = count.tensors;
    bytes = count.bytes;
}

ModelInfoView::ModelInfoView(ModelInfo info)
    : lamina_model_info{},
      value(std::move(info)),
      type_list(value.types),
      feature_list(views(value.features)) {
    path = view(value.path);
    format = view(value.format);
    architecture = view(value.architecture);
    name = view(value.name);
    licence = view(value.licence);
    parameters = value.parameters;
    file_bytes = value.file_bytes;
    weight_bytes_per_token = value.weight_bytes_per_token;
    weights_per_token = value.weights_per_token;
    layers = value.layers;
    embedding = value.embedding;
    heads = value.heads;
    kv_heads = value.kv_heads;
    head_dim = value.head_dim;
    feed_forward = value.feed_forward;
    vocabulary = value.vocabulary;
    trained_context = value.trained_context;
    types = type_list.data();
    type_count = type_list.size();
    features = feature_list.data();
    feature_count = feature_list.size();
    tokenizer = view(value.tokenizer);
    has_chat_template = value.has_chat_template;
}

ImplementationView::ImplementationView(const OpImplementation& used) : lamina_op_implementation{} {
    op = view(used.op);
    implementation = view(used.implementation);
    refused = view(used.refused);
}

OpTimeView::OpTimeView(const OpTime& time) : lamina_op_time{} {
    op = view(time.op);
    runs = time.runs;
    seconds = time.seconds;
    weight_bytes = time.weight_bytes;
}

PieceView::PieceView(Piece piece) : lamina_piece{}, value(std::move(piece)) {
    for (const auto& logprobs : value.logprobs) {
        auto& items = likely.emplace_back();
        for (const auto& each : logprobs) items.push_back({each.token, each.logprob});
    }
    for (const auto& items : likely) lists.push_back({items.data(), items.size()});
    text = view(value.text);
    tokens = value.tokens.data();
    token_count = value.tokens.size();
    logprobs = lists.data();
    logprob_count = lists.size();
}

}  // namespace lamina::c_api
