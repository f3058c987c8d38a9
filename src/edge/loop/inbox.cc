#include "edge/loop/inbox.h"

#include <sys/eventfd.h>

#include <cstdint>

#include "base/check.h"

namespace modelyard::edge {
namespace {

class TaskNode final : public Inbox::Node {
 public:
  explicit TaskNode(Task task) : task_(std::move(task)) {}

  void run() override {
    std::unique_ptr<TaskNode> self(this);
    task_();
  }
  void discard() override { std::unique_ptr<TaskNode> self(this); }

 private:
  Task task_;
};

class ClosedMark final : public Inbox::Node {
  void run() override {}
  void discard() override {}
};

// The top of a closed inbox: an address that no posted node can have.
Inbox::Node* closed_mark() {
  static ClosedMark mark;
  return &mark;
}

}  // namespace

Inbox::Inbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MODELYARD_CHECK(wake_.get() >= 0, "an eventfd can be made: a server starts with few descriptors");
}

Inbox::~Inbox() {
  close();
}

bool Inbox::post(Task task) {
  return post(*std::make_unique<TaskNode>(std::move(task)).release());
}

bool Inbox::post(Node& node) {
  Node* top = top_.load(std::memory_order_relaxed);
  do {
    if (top == closed_mark()) {
      node.discard();
      return false;
    }
    node.next = top;
  } while (!top_.compare_exchange_weak(top, &node, std::memory_order_acq_rel, std::memory_order_relaxed));
  // Whoever finds it empty wakes the loop; the others know that it was woken and has not taken yet.
  if (top == nullptr) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
  return true;
}

Inbox::Node* Inbox::take() {
  if (empty()) return nullptr;
  Node* newest = top_.exchange(nullptr, std::memory_order_acq_rel);
  Node* oldest = nullptr;
  while (newest != nullptr) {
    Node* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

void Inbox::close() {
  Node* top = top_.exchange(closed_mark(), std::memory_order_acq_rel);
  while (top != nullptr && top != closed_mark()) {
    Node* next = top->next;
    top->discard();
    top = next;
  }
}

void Inbox::acknowledge_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto bytes = ::read(wake_.get(), &count, sizeof count);
}

}  // namespace modelyard::edge
