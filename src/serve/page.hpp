#pragma once

#include <string>

#include "tundish/model/classifier.hpp"
#include "tundish/serve/health.hpp"

namespace tundish {

/// The page for people: drop an image, see its classes; what the model is. One HTML file without outside resources.
/// `facts` is null while there is no model; `reason` says why then, and the page loads itself again when that has
/// changed.
std::string page_html(ServeState state, const std::string& reason, const ClassifierFacts* facts);

}  // namespace tundish
