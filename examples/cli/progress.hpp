// How far loading is, and what is done after it.
#pragma once

#include <string>

#include "lamina/model.hpp"

namespace lamina::cli {

// A bar on standard error while a model loads, if that is a terminal. Ctrl-C cancels the load.
ProgressCallback loading_progress();

// One line on standard error that says what goes on, if that is a terminal; it goes with the object.
class Activity {
  public:
    Activity() = default;
    explicit Activity(const std::string& text) { show(text); }
    ~Activity();
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

    void show(const std::string& text);

  private:
    std::string shown_;
};

}  // namespace lamina::cli
