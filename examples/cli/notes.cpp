#include "notes.hpp"

namespace lamina::cli {

const std::vector<Note>& notes() {
    static const std::vector<Note> all = {
        {.title = "Environment",
         .entries =
             {{.term = "LAMINA_ISA",
               .text =
                   "The instruction set to compute with: scalar, avx2, avx_vnni, avx512_vnni, avx512_bf16 or "
                   "amx. What has no kernel of that level takes the next lower; one that the machine lacks "
                   "is an error."},
              {.term = "NO_COLOR", .text = "Set and not empty: no colours, unless --color always."},
              {.term = "CLICOLOR_FORCE",
               .text = "Set and not 0: colours also where the output is no terminal."},
              {.term = "XDG_STATE_HOME", .text = "Where the history of chat lies [~/.local/state]."}}},
        {.title = "Files",
         .entries = {{.term = "$XDG_STATE_HOME/lamina/chat_history",
                      .text =
                          "What was typed in chat: the last 1000 messages, readable by their owner alone. "
                          "chat --no-history neither reads nor writes it."},
                     {.term = "~/.editrc", .text = "Key bindings of the line editor, see editrc(5)."}}},
        {.title = "Exit status",
         .entries = {{.term = "0", .text = "It worked; also where Ctrl-C left a chat at its prompt."},
                     {.term = "1", .text = "It failed; one line on standard error says what and where."},
                     {.term = "2", .text = "The command line was wrong."},
                     {.term = "130", .text = "Ctrl-C interrupted the work."}}},
    };
    return all;
}

}  // namespace lamina::cli
