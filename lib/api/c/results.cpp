#include "api/c/views.hpp"
#include "lamina/lamina.h"

using namespace lamina::c_api;

void lamina_text_free(lamina_text* text) { delete static_cast<TextView*>(text); }
void lamina_tokens_free(lamina_tokens* tokens) { delete static_cast<TokensView*>(tokens); }
void lamina_strings_free(lamina_strings* strings) { delete static_cast<StringsView*>(strings); }
void lamina_device_list_free(lamina_device_list* devices) { delete static_cast<DeviceListView*>(devices); }
void lamina_plan_free(lamina_plan* plan) { delete static_cast<PlanView*>(plan); }
void lamina_model_info_free(lamina_model_info* info) { delete static_cast<ModelInfoView*>(info); }
void lamina_implementation_list_free(lamina_implementation_list* implementations) {
    delete static_cast<ImplementationListView*>(implementations);
}
void lamina_op_time_list_free(lamina_op_time_list* times) { delete static_cast<OpTimeListView*>(times); }
void lamina_piece_free(lamina_piece* piece) { delete static_cast<PieceView*>(piece); }

const char* lamina_version(void) { return LAMINA_VERSION_STRING; }
