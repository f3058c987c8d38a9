#include "edge/http/output_queue.h"

#include <algorithm>
#include <utility>

namespace modelyard::edge {
namespace {

constexpr std::size_t kMostSentText = 256u << 10;  // beyond, the rest is moved to the front
constexpr std::size_t kMostKeptText = 64u << 10;   // of an empty queue

// writev(2) takes a non-const pointer and does not write through it.
iovec part(const void* data, std::size_t size) {
  return {const_cast<void*>(data), size};
}

}  // namespace

void OutputQueue::add_blob(std::span<const std::byte> blob, std::shared_ptr<void> keep) {
  if (blob.empty()) return;
  blobs_.push_back({text_.size(), blob, std::move(keep)});
  blob_bytes_ += blob.size();
}

std::size_t OutputQueue::fill(std::span<iovec> parts) const {
  std::size_t count = 0, at = text_sent_;
  for (const Blob& blob : blobs_) {
    if (count + 2 > parts.size()) return count;
    if (at < blob.at) parts[count++] = part(text_.data() + at, blob.at - at);
    at = blob.at;
    parts[count++] = part(blob.rest.data(), blob.rest.size());
  }
  if (at < text_.size() && count < parts.size()) parts[count++] = part(text_.data() + at, text_.size() - at);
  return count;
}

void OutputQueue::sent(std::size_t bytes) {
  used_ = true;
  std::size_t done = 0;
  while (bytes > 0) {
    const std::size_t end = done < blobs_.size() ? blobs_[done].at : text_.size();
    const std::size_t of_text = std::min(bytes, end - text_sent_);
    text_sent_ += of_text;
    bytes -= of_text;
    if (bytes == 0 || done == blobs_.size()) break;
    Blob& blob = blobs_[done];
    const std::size_t of_blob = std::min(bytes, blob.rest.size());
    blob.rest = blob.rest.subspan(of_blob);
    blob_bytes_ -= of_blob;
    bytes -= of_blob;
    if (blob.rest.empty()) ++done;
  }
  blobs_.erase(blobs_.begin(), blobs_.begin() + static_cast<std::ptrdiff_t>(done));
  reclaim();
}

void OutputQueue::rest() {
  if (std::exchange(used_, false) || !empty()) return;
  text_.shrink_to_fit();
  blobs_.shrink_to_fit();
}

void OutputQueue::reclaim() {
  if (empty()) {
    text_sent_ = 0;
    text_.clear();
    if (text_.capacity() > kMostKeptText) text_.shrink_to_fit();
  } else if (text_sent_ > kMostSentText) {
    text_.erase(0, text_sent_);
    for (Blob& blob : blobs_) blob.at -= text_sent_;
    text_sent_ = 0;
  }
}

}  // namespace modelyard::edge
