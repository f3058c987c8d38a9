#include "edge/http/router.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "edge/http/target.h"

namespace modelyard::edge {
namespace {

// Takes the segment up to the next '/' off the front.
std::string_view take_segment(std::string_view& path) {
  const auto slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  return segment;
}

// Without the slash in front and one at the end.
std::string_view inner(std::string_view path) {
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

security::Caller authenticate(security::Guard& guard, const Request& request) {
  return guard.authenticate(request.loop_index,
                            {request.header("authorization").value_or(std::string_view()), request.identity});
}

Router::Route& Router::insert(Method method, std::string_view pattern, Access access) {
  Route route;
  route.method = method;
  route.access = access;
  route.pattern = pattern;
  for (std::string_view rest = inner(pattern); !rest.empty();) {
    const std::string_view text = take_segment(rest);
    Segment segment;
    const auto brace = text.find('}');
    if (text.starts_with('{') && brace != std::string_view::npos) {
      segment.parameter = true;
      segment.verb = text.substr(brace + 1);
      route.literals += segment.verb.empty() ? 0 : 1;
    } else {
      segment.literal = text;
      route.literals += 2;
    }
    route.segments.push_back(std::move(segment));
  }
  MODELYARD_CHECK(route.segments.size() <= kMostSegments, "the path of a route has too many segments");
  listed_.push_back(std::string(method_name(method)) + " " + route.pattern);
  const auto place =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& other) { return other.literals < route.literals; });
  return *routes_.insert(place, std::move(route));
}

void Router::add(Method method, std::string_view pattern, Access access, Serve serve, BodyNeed need) {
  Route& route = insert(method, pattern, access);
  route.serve = std::move(serve);
  route.needs_body = need == BodyNeed::kRequired;
}

void Router::add_stream(Method method, std::string_view pattern, Access access,
                        std::function<std::unique_ptr<BodySink>(Exchange&)> open) {
  insert(method, pattern, access).open = std::move(open);
}

void Router::set_refusal_form(std::string prefix, RefusalForm form) {
  refusal_forms_.emplace_back(std::move(prefix), std::move(form));
}

bool Router::matches(const Route& route, std::span<const std::string_view> texts,
                     std::vector<std::string_view>* parameters) {
  if (parameters) parameters->clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Segment& segment = route.segments[i];
    std::string_view text = texts[i];
    if (!segment.parameter) {
      if (text != segment.literal) return false;
      continue;
    }
    if (!text.ends_with(segment.verb)) return false;
    text.remove_suffix(segment.verb.size());
    if (text.empty()) return false;
    if (parameters) parameters->push_back(text);
  }
  return true;
}

const Router::Route* Router::find(Method method, std::string_view path,
                                  std::vector<std::string_view>* parameters) const {
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  std::array<std::string_view, kMostSegments> texts;
  std::size_t count = 0;
  for (std::string_view rest = inner(path); !rest.empty(); ++count) {
    if (count == texts.size()) return nullptr;
    texts[count] = take_segment(rest);
  }
  const std::span<const std::string_view> segments = std::span(texts).first(count);
  const auto serves = [&](const Route& route) {
    return route.segments.size() == count && (route.method == wanted || route.method == method) &&
           matches(route, segments, parameters);
  };
  const auto found = std::find_if(routes_.begin(), routes_.end(), serves);
  if (found == routes_.end()) return nullptr;
  // "{model}:predict" is no model, whatever the methods of the verb.
  const bool outranked =
      path.find(':') != std::string_view::npos && std::any_of(routes_.begin(), found, [&](const Route& route) {
        return route.segments.size() == count && route.literals > found->literals && matches(route, segments, nullptr);
      });
  return outranked ? nullptr : &*found;
}

Response Router::refuse(const Request& request) {
  std::string allowed;
  for (const Method method :
       {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    if (!find(method, request.path, nullptr)) continue;
    allowed.append(allowed.empty() ? "" : ", ").append(method_name(method));
  }
  if (allowed.empty()) return say(request, {404, "Not Found"});
  return say(request, {405, "Method Not Allowed", "Allow: " + allowed + "\r\n"});
}

BodyPolicy Router::on_head(Request& request, std::string& scratch) {
  const auto parts = split_target(request.target);
  if (!parts) return error_response(400, parts.error().message());
  const auto path = decode_path(parts->path, scratch);
  if (!path) return error_response(400, path.error().message());
  request.path = *path;
  request.query = parts->query;
  const Route* route = find(request.method, request.path, &request.parameters);
  if (!route) return refuse(request);
  request.route = route;
  if (const Status admitted = admit(*route, request); !admitted) return refuse_caller(request, admitted.error());
  if (route->open) return StreamBody{route->open};
  return BufferBody{max_body_bytes_, route->needs_body};
}

Status Router::admit(const Route& route, Request& request) {
  request.caller = authenticate(guard_, request);
  return security::decide(request.caller, route.access,
                          request.parameters.empty() ? std::string_view() : request.parameters.front());
}

Response Router::say(const Request& request, const Refusal& refusal) {
  const auto form = std::find_if(refusal_forms_.begin(), refusal_forms_.end(),
                                 [&](const auto& candidate) { return request.path.starts_with(candidate.first); });
  if (form == refusal_forms_.end()) return Handler::say(request, refusal);
  Response response = form->second(refusal.status, refusal.why);
  response.headers += refusal.headers;
  return response;
}

Response Router::refuse_caller(const Request& request, const Error& why) {
  if (why.code() != Code::kUnauthenticated) return say(request, {403, std::string(why.message())});
  return say(request, {401, std::string(why.message()), "WWW-Authenticate: Bearer realm=\"modelyard\"\r\n"});
}

void Router::handle(Exchange& exchange) {
  static_cast<const Route*>(exchange.request().route)->serve(exchange);
}

std::vector<std::string> Router::routes() const {
  return listed_;
}

}  // namespace modelyard::edge
