// OutputQueue holds what a connection has still to send, in order: text of its own, and blobs whose memory others keep.
//
// Threads: its connection's loop.
// Memory:  the text's room is used again; what was sent is let go of when a blob is done with, or all is sent.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace modelyard::edge {

class OutputQueue {
 public:
  // What is appended to it is sent after all that was added before.
  std::string& text() { return text_; }
  void add_blob(std::span<const std::byte> blob, std::shared_ptr<void> keep);

  bool empty() const { return unsent_text() == 0 && blobs_.empty(); }
  std::size_t bytes() const { return unsent_text() + blob_bytes_; }

  // The next parts to send; how many.
  std::size_t fill(std::span<iovec> parts) const;
  void sent(std::size_t bytes);

  // Lets go of the text's room if nothing was sent since the last call, so that an idle connection holds no memory.
  void rest();

 private:
  struct Blob {
    std::size_t at = 0;  // comes behind so much of the text
    std::span<const std::byte> rest;
    std::shared_ptr<void> keep;
  };

  std::size_t unsent_text() const { return text_.size() - text_sent_; }
  void reclaim();

  std::string text_;
  std::size_t text_sent_ = 0;
  bool used_ = false;  // since rest()
  std::vector<Blob> blobs_;
  std::size_t blob_bytes_ = 0;
};

}  // namespace modelyard::edge
