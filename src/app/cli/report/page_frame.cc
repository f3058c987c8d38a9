#include "app/cli/report/page_frame.h"

#include <fmt/format.h>

#include "app/cli/report/svg_plot.h"

namespace modelyard::app {
namespace {

// Blue and grey tell current and reference apart also for who sees no red or green; words stand beside every colour.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ground: #fff; --card: #f8f9fb; --ink: #1a1f27; --quiet: #5b6572; --rule: #dde1e7;
  --current: #2563eb; --reference: #8a94a3; --second: #0d9488; --failed: #d9480f; --good: #1a7f4b; --between: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161c; --card: #1a2028; --ink: #e6e9ee; --quiet: #9aa5b4;
  --rule: #303945; --current: #6ea0ff; --reference: #8b97a8; --second: #2dd4bf; --failed: #ff8a50; --good: #4cc38a;
  --between: #e0b040; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1120px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 36px 0 10px; }
h3 { font-size: 15px; margin: 22px 0 6px; overflow-wrap: anywhere; } p { margin: 6px 0; }
a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: 2px; }
code { font: 12px ui-monospace, Consolas, monospace; } .quiet, .none { color: var(--quiet); } .none { font-style: italic; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(145px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { border: 1px solid var(--rule); border-radius: 8px; background: var(--card); padding: 10px 14px; }
.tile b { display: block; font-size: 20px; line-height: 1.3; font-weight: 600; overflow-wrap: anywhere; }
.tile span { color: var(--quiet); font-size: 12px; } .tile.bad b { color: var(--failed); }
nav { border: 1px solid var(--rule); border-radius: 8px; padding: 10px 14px; margin: 12px 0; }
nav ol { columns: 4 190px; margin: 6px 0 0; padding-left: 28px; } nav li { overflow-wrap: anywhere; break-inside: avoid; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: 12px; border-bottom: 1px solid var(--rule); }
th, td { padding: 5px 18px 5px 0; vertical-align: top; } td { border-bottom: 1px solid var(--rule); max-width: 420px;
  overflow-wrap: break-word; } td:first-child { overflow-wrap: anywhere; min-width: 11em; }
td:last-child { overflow-wrap: anywhere; } td:last-child:not(.right) { min-width: 16em; } tbody tr:last-child td { border-bottom: 0; } .right { text-align: right; white-space: nowrap; }
td svg { vertical-align: middle; } #accuracy table { width: auto; } #accuracy .plots { margin-top: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 8px 0 16px; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; border: 1px solid; font-size: 12px; font-weight: 500;
  line-height: 18px; vertical-align: middle; white-space: nowrap; } .badge.bad { color: var(--failed); }
.badge.good { color: var(--good); } .badge.between { color: var(--between); } .badge.neutral { color: var(--quiet); }
article h3 { margin-top: 0; } article { border: 1px solid var(--rule); border-radius: 8px; padding: 14px 16px; margin: 14px 0; background: var(--card); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 10px 28px;
  align-items: start; } figure { margin: 0; } figcaption { font-size: 12px; color: var(--quiet); margin-bottom: 2px; }
figure svg { width: 100%; height: auto; max-width: 560px; }
svg text { font-size: 11px; fill: var(--quiet); } svg text.name { fill: var(--ink); } .axis { stroke: var(--quiet); }
.grid { stroke: var(--rule); } .change { stroke: var(--quiet); stroke-dasharray: 2 4; } .floor { stroke: var(--ink); }
.level { stroke: var(--reference); stroke-width: 1.5; stroke-dasharray: 6 3; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .line.current { stroke: var(--current); }
.line.second { stroke: var(--second); } .line.failed { stroke: var(--failed); }
.line.band { stroke: var(--current); stroke-opacity: .35; stroke-width: 3; }
.dot.current { fill: var(--current); } .dot.second { fill: var(--second); } .dot.failed { fill: var(--failed); }
path.band { fill: var(--current); fill-opacity: .16; } .area { stroke-width: .8; }
.area.reference { fill: var(--reference); fill-opacity: .45; stroke: var(--reference); }
.area.current { fill: var(--current); fill-opacity: .38; stroke: var(--current); } .bar.reference { fill: var(--reference); }
.bar.current, .bar.stable { fill: var(--current); } .bar.stable { fill-opacity: .55; } .bar.drifted { fill: var(--failed); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 2px 0 8px; }
.key.reference { background: var(--reference); } .key.current { background: var(--current); }
.key.second { background: var(--second); } .key.failed { background: var(--failed); }
@media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --ink: #000; --quiet: #444; --rule: #bbb;
  --current: #2563eb; --reference: #8a94a3; --second: #0d9488; --failed: #d9480f; --good: #1a7f4b; --between: #9a6700; }
  @page { margin: 14mm; } body { max-width: none; padding: 0; font-size: 11px; } .wide { overflow: visible; }
  h1 { font-size: 18px; } h2 { font-size: 14px; margin-top: 22px; } h3 { font-size: 12px; } th, figcaption, .badge, .tile span, code
  { font-size: 10px; }
  .plots { grid-template-columns: 1fr 1fr; } article, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

}  // namespace

std::string framed_page(const std::string& title, const std::string& body) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Should anything ever get through that is not text, no browser runs or fetches it.
  html +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  html += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", title, kStyle);
  return html + body + "</body>\n</html>\n";
}

std::string tile(const std::string& figure, std::string_view words, Tile kind) {
  return fmt::format("<div class=\"tile{}\"><b>{}</b><span>{}</span></div>", kind == Tile::kBad ? " bad" : "",
                     escape_html(figure), words);
}

std::string figure(const std::string& title, const std::string& svg) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", title, svg);
}

}  // namespace modelyard::app
