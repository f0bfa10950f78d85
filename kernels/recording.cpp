#include "kernels/recording.h"

#include <cstring>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/backend.h"

namespace ito::kernels {
namespace recorded {

enum Row : int {
#define ITO_KERNEL(name, ...) row_##name,
#include "kernels/kernels.def"
#undef ITO_KERNEL
};
constexpr const char* row_names[] = {
#define ITO_KERNEL(name, ...) #name,
#include "kernels/kernels.def"
#undef ITO_KERNEL
};

[[noreturn]] inline void refuse(const std::string& why) {
  throw std::runtime_error("[graph] " + why);
}

/// The arrays of concat.
struct HostArrays {
  std::vector<const Real*> parts;
  std::vector<Index> widths;
  bool operator==(const HostArrays&) const = default;
};

/// A kernel's launch with its arguments.
struct Call {
  explicit Call(Row which) : row(which) {}
  virtual ~Call() = default;
  virtual bool same_as(const Call& other) const = 0;
  const Row row;
};

template <class... Arguments>
struct CallWith : Call {
  CallWith(Row which, HostArrays held, const Arguments&... all)
      : Call(which), arrays(std::move(held)), arguments(all...) {}
  bool same_as(const Call& other) const override {
    if (row != other.row) return false;
    const auto& same_row = static_cast<const CallWith&>(other);
    return arrays == same_row.arrays && arguments == same_row.arguments;
  }
  HostArrays arrays;
  std::tuple<Arguments...> arguments;
};

/// An argument as it can be compared by itself: not the places of the host's own arrays, which
/// move.
template <class T>
T comparable(T argument) {
  return argument;
}
inline int comparable(const Real* const*) { return 0; }
inline int comparable(const Index*) { return 0; }
inline int comparable(const AdamTensor*) { return 0; }

/// What the arguments that are arrays of the host hold, of rows that have such.
template <class... Parameters>
HostArrays arrays_of(const Parameters&...) {
  return {};
}
inline HostArrays arrays_of(const Real* const* parts, const Index* widths, int count, Real*,
                            Index) {
  return {{parts, parts + count}, {widths, widths + count}};
}
[[noreturn]] inline HostArrays refuse_tables() {
  refuse("the kernels of the optimiser read tables that the host writes anew each time");
}
inline HostArrays arrays_of(const Real* const*, const Index*, Index, double*) { refuse_tables(); }
inline HostArrays arrays_of(Adam, const AdamTensor*, Index) { refuse_tables(); }

}  // namespace recorded
using namespace recorded;

class Recording::Implementation {
 public:
  Implementation() : device_(cuda_backend()) {}
  ~Implementation() {
    if (graph_ != nullptr) device_.release_graph(graph_);
    if (mailbox_ != nullptr) device_.release(mailbox_);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void run(const std::function<void()>& compute) {
    if (pass_ == Pass::broken) refuse("an earlier run of this computation has failed");
    const Pass pass = pass_;
    pass_ = Pass::broken;
    if (current_ != nullptr) refuse("a graph within a graph");
    if (pass == Pass::note) {
      watch(pass, compute);
      make_mailbox();
      pass_ = Pass::capture;
      return;
    }
    pass == Pass::capture ? capture(compute) : watch(pass, compute);
    require_all();
    if (!values_.empty()) device_.copy_from_host(mailbox_, values_.data(), values_.size());
    device_.launch_graph(graph_);
    pass_ = Pass::launch;
  }

  /// A kernel that the computation launches.
  template <Row row, auto member, class... Parameters>
  void launch(Parameters... parameters) {
    using Noted = CallWith<decltype(comparable(parameters))...>;
    const Noted call(row, arrays_of(parameters...), comparable(parameters)...);
    if (watched_ == Pass::note) {
      calls_.push_back(std::make_unique<Noted>(call));
    } else if (done_ == calls_.size() || !call.same_as(*calls_[done_])) {
      refuse(std::string("the computation is not the one that was recorded: launch ") +
             std::to_string(done_ + 1) + " of " + std::to_string(calls_.size()) + ", " +
             row_names[row] + ", is another kernel or has other arguments than before");
    }
    ++done_;
    if (watched_ != Pass::launch) (device_.table->*member)(parameters...);
  }

  /// What the host hands over is read from the mailbox, where it arrives before the launch.
  void hand_over(void* block, const void* host, std::size_t bytes) {
    if (bytes % sizeof(Real) != 0) refuse("only whole numbers can be copied to the device");
    if (watched_ == Pass::note) {
      letters_.push_back({block, bytes, mailbox_bytes_});
      mailbox_bytes_ += (bytes + letter_bytes - 1) / letter_bytes * letter_bytes;
      return device_.copy_from_host(block, host, bytes);
    }
    if (handed_over_ == letters_.size()) refuse("the computation copies more than was recorded");
    const Letter& letter = letters_[handed_over_++];
    if (letter.block != block || letter.bytes != bytes)
      refuse("the computation copies another array to the device than was recorded");
    std::memcpy(values_.data() + letter.place, host, bytes);
    if (watched_ == Pass::capture) take_from_mailbox(letter);
  }

  /// What the computation reads back: once, or it would have to wait in the middle of the graph.
  void read_back(void* host, const void* block, std::size_t bytes) const {
    if (watched_ == Pass::note) return device_.copy_to_host(host, block, bytes);
    refuse("a computation that waits for the device (here it copies to the host) is no graph");
  }

  const Backend& device() const { return device_; }
  static Implementation& current() { return *current_; }
  static bool running() { return current_ != nullptr; }

 private:
  enum class Pass { note, capture, launch, broken };
  struct Letter {
    void* block;
    std::size_t bytes, place;
  };
  static constexpr std::size_t letter_bytes = 64;

  /// compute() with the device's part coming here.
  void watch(Pass pass, const std::function<void()>& compute);

  void capture(const std::function<void()>& compute) {
    device_.begin_capture();
    try {
      watch(Pass::capture, compute);
    } catch (...) {
      drop_capture();
      throw;
    }
    graph_ = device_.end_capture();
  }

  void drop_capture() const noexcept {
    try {
      device_.release_graph(device_.end_capture());
    } catch (const std::runtime_error&) {
      // What went wrong is being told already.
    }
  }

  void make_mailbox() {
    values_.resize(mailbox_bytes_);
    if (mailbox_bytes_ > 0) mailbox_ = device_.allocate(mailbox_bytes_);
  }

  void take_from_mailbox(const Letter& letter) {
    Strided s;
    s.rank = 1;
    s.size[0] = static_cast<Index>(letter.bytes / sizeof(Real));
    s.a[0] = s.y[0] = 1;
    const char* const place = static_cast<const char*>(mailbox_) + letter.place;
    device_.table->copy_strided(reinterpret_cast<const Real*>(place),
                                static_cast<Real*>(letter.block), s);
  }

  void require_all() const {
    if (done_ == calls_.size() && handed_over_ == letters_.size()) return;
    refuse("the computation ended after " + std::to_string(done_) + " of " +
           std::to_string(calls_.size()) + " launches that were recorded");
  }

  const Backend& device_;
  Pass pass_ = Pass::note, watched_ = Pass::note;  ///< of the next run, and of this one
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Letter> letters_;
  std::size_t done_ = 0, handed_over_ = 0;  ///< of them, in this run
  std::size_t mailbox_bytes_ = 0;
  void* mailbox_ = nullptr;
  std::vector<char> values_;  ///< what goes to the mailbox
  void* graph_ = nullptr;

  static Implementation* current_;
};

Recording::Implementation* Recording::Implementation::current_ = nullptr;

namespace {

template <class Watcher, Row row, auto member>
struct Watched;
template <class Watcher, Row row, class... Parameters, void (*Table::*member)(Parameters...)>
struct Watched<Watcher, row, member> {
  static void launch(Parameters... parameters) {
    Watcher::current().template launch<row, member>(parameters...);
  }
};

template <class Watcher>
const Table watched_table = {
#define ITO_KERNEL(name, ...) &Watched<Watcher, row_##name, &Table::name>::launch,
#include "kernels/kernels.def"
#undef ITO_KERNEL
};

/// A back end that passes on to `Watcher` what the computation asks of it.
template <class Watcher>
Backend watched_backend(const Backend& device) {
  Backend watched = device;
  watched.table = &watched_table<Watcher>;
  watched.copy_to_host = [](void* host, const void* block, std::size_t bytes) {
    Watcher::current().read_back(host, block, bytes);
  };
  watched.copy_from_host = [](void* block, const void* host, std::size_t bytes) {
    Watcher::current().hand_over(block, host, bytes);
  };
  return watched;
}

}  // namespace

void Recording::Implementation::watch(Pass pass, const std::function<void()>& compute) {
  struct Watch {
    const Backend& before;
    ~Watch() {
      set_cuda_backend(&before);
      current_ = nullptr;
    }
  };
  const Backend watched = watched_backend<Implementation>(device_);
  const Watch watch{device_};
  watched_ = pass;
  done_ = handed_over_ = 0;
  current_ = this;
  set_cuda_backend(&watched);
  compute();
}

Recording::Recording() : implementation_(std::make_unique<Implementation>()) {}
Recording::~Recording() = default;
void Recording::run(const std::function<void()>& compute) { implementation_->run(compute); }
bool Recording::running() { return Implementation::running(); }

}  // namespace ito::kernels
