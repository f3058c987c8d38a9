# Writes INPUT as a C++ source that answers its text. Pieces, because compilers limit the length of a literal.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "  text += R\"yaml(${piece})yaml\";\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include \"edge/control_api/openapi_document.h\"

namespace modelyard::edge {

std::string openapi_document() {
  std::string text;
${pieces}  return text;
}

}  // namespace modelyard::edge
")
