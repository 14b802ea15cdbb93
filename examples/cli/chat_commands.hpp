// What one may say to the chat instead of to the model.
#pragma once

#include <string>
#include <vector>

#include "message_reader.hpp"

namespace lamina::cli {

class Conversation;

struct ChatCommand {
    std::string name = {};      // "/save"
    std::string argument = {};  // "FILE"; empty: none
    std::string help = {};
};

// In the order of /help.
const std::vector<ChatCommand>& chat_commands();

// Carries out a line that begins with a slash; false where it has to be said to the model. `quit` is set by
// /quit.
bool run_chat_command(Conversation& conversation, const ChatInput& input, bool& quit);

}  // namespace lamina::cli
