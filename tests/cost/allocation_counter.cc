// A library to preload into a server: counts heap allocations by the stack that asked for them.
//
// Output:  the file named by ALLOCATION_COUNTS, a Counts as it lies in memory, which the reader maps. Counting begins
//          when the reader sets `enabled`. Which module an address belongs to is in the process' maps.
// Threads: any.
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace {

constexpr int kOwnFrames = 2;  // count() and the interposed function
constexpr std::size_t kFrames = 32;
constexpr std::size_t kStacks = 4096;

struct Stack {
  std::atomic<std::uint64_t> hash;  // 0: free
  std::atomic<std::uint64_t> count;
  std::array<std::uint64_t, kFrames> frames;  // return addresses, the innermost first; 0 ends
};
struct Counts {
  std::atomic<std::uint64_t> enabled;
  std::atomic<std::uint64_t> lost;  // no room for their stack
  std::array<Stack, kStacks> stacks;
};

std::atomic<Counts*> counts{nullptr};
__thread bool counting __attribute__((tls_model("initial-exec"))) = false;

Stack* find(Counts& all, std::uint64_t hash, const std::array<void*, kFrames + kOwnFrames>& frames, int depth) {
  for (std::size_t i = 0; i < kStacks; ++i) {
    Stack& stack = all.stacks[(hash + i) % kStacks];
    std::uint64_t there = 0;
    if (stack.hash.compare_exchange_strong(there, hash)) {
      for (int f = kOwnFrames; f < depth; ++f) {
        stack.frames[static_cast<std::size_t>(f - kOwnFrames)] =
            reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(f)]);
      }
      return &stack;
    }
    if (there == hash) return &stack;
  }
  return nullptr;
}

__attribute__((noinline)) void count() {
  Counts* const all = counts.load(std::memory_order_relaxed);
  if (all == nullptr || counting || all->enabled.load(std::memory_order_relaxed) == 0) return;
  counting = true;  // unwinding may allocate
  std::array<void*, kFrames + kOwnFrames> frames{};
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (int f = kOwnFrames; f < depth; ++f) {
    hash = (hash ^ reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(f)])) * 1099511628211u;
  }
  Stack* const stack = find(*all, std::max<std::uint64_t>(hash, 1), frames, depth);
  (stack ? stack->count : all->lost).fetch_add(1, std::memory_order_relaxed);
  counting = false;
}

__attribute__((constructor)) void open_counts() {
  const char* const path = std::getenv("ALLOCATION_COUNTS");
  if (path == nullptr) return;
  std::array<void*, 4> frames{};
  ::backtrace(frames.data(), static_cast<int>(frames.size()));  // loads the unwinder
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(Counts)) != 0) std::abort();
  void* const memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) std::abort();
  counts.store(static_cast<Counts*>(memory), std::memory_order_relaxed);
}

}  // namespace

#define MODELYARD_INTERPOSED extern "C" __attribute__((visibility("default"), noinline))

MODELYARD_INTERPOSED void* malloc(std::size_t bytes) noexcept {
  count();
  void* volatile block = __libc_malloc(bytes);  // volatile: no tail call, which would drop a frame
  return block;
}
MODELYARD_INTERPOSED void* calloc(std::size_t number, std::size_t bytes) noexcept {
  count();
  void* volatile block = __libc_calloc(number, bytes);
  return block;
}
MODELYARD_INTERPOSED void* realloc(void* former, std::size_t bytes) noexcept {
  count();
  void* volatile block = __libc_realloc(former, bytes);
  return block;
}
MODELYARD_INTERPOSED void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  void* volatile block = __libc_memalign(alignment, bytes);
  return block;
}
MODELYARD_INTERPOSED void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  void* volatile block = __libc_memalign(alignment, bytes);
  return block;
}
MODELYARD_INTERPOSED int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  count();
  void* const made = __libc_memalign(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}
