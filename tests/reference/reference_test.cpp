// The parity runner must see what is wrong: numbers changed in the copy of a file, files that are
// not whole, and what it does not know.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/safetensors.h"
#include "tests/reference/runner.h"

namespace ito::reference {
namespace {

namespace fs = std::filesystem;

const fs::path data = ITO_TEST_DATA;

struct Result {
  int code;
  std::string out, err;

  bool says(const std::string& words) const { return (out + err).find(words) != std::string::npos; }
};

Result run_with(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = run(arguments, out, err);
  return {code, out.str(), err.str()};
}

/// A folder of its own for every test, with a copy of one reference file and the network's.
class Runner : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("ito_reference_") + test->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void copy(const std::string& name) const { fs::copy_file(data / name, folder_ / name); }

  /// Multiplies the largest element of one tensor, or of its first `among`, by 1.001 in the copy of
  /// a file. The bytes are changed in place: the rest of the file stays what it was.
  void disturb(const std::string& name, const std::string& tensor,
               std::size_t among = SIZE_MAX) const {
    if (!fs::exists(path(name))) copy(name);
    Bytes bytes = read_file(path(name));
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), 8);
    const auto text = nlohmann::json::parse(
        bytes.begin() + 8, bytes.begin() + 8 + static_cast<std::ptrdiff_t>(header));
    const std::size_t begin = text.at(tensor).at("data_offsets").at(0),
                      end = text.at(tensor).at("data_offsets").at(1);
    std::vector<float> values((end - begin) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + 8 + header + begin, end - begin);
    const auto last = values.begin() + static_cast<Index>(std::min(among, values.size()));
    auto largest = std::max_element(values.begin(), last,
                                    [](float a, float b) { return std::abs(a) < std::abs(b); });
    *largest *= 1.001F;
    std::memcpy(bytes.data() + 8 + header + begin, values.data(), end - begin);
    write_file(path(name), bytes, Overwrite::yes);
  }

  void expect_failure(const std::string& name, const std::string& tensor) const {
    disturb(name, tensor);
    const Result result = run_with({path(name)});
    EXPECT_EQ(result.code, 1) << result.out;
    EXPECT_TRUE(result.says(name + ": FAIL")) << result.out;
    EXPECT_TRUE(result.says("limit: " + tensor)) << result.out;
    EXPECT_TRUE(result.says("0 passed, 1 failed, 0 skipped")) << result.out;
  }

  fs::path folder_;
};

TEST_F(Runner, SeesAChangedOutput) { expect_failure("net_ddpm.safetensors", "out.y"); }

TEST_F(Runner, SeesAChangedInputGradient) { expect_failure("net_ddpm.safetensors", "grad.x"); }

TEST_F(Runner, SeesAChangedParameterGradient) {
  expect_failure("net_ddpm.safetensors", "grad.param.all_modules.17.bias");
}

TEST_F(Runner, SeesAChangedFingerprint) {
  expect_failure("net_ddpm.safetensors", "gradfp.param.all_modules.3.Conv_1.weight");
}

TEST_F(Runner, SeesAChangedParameter) {
  disturb("net_ddpm.safetensors", "param.all_modules.2.weight");
  EXPECT_EQ(run_with({path("net_ddpm.safetensors")}).code, 1);
}

TEST_F(Runner, SeesAChangedLoss) {
  copy("net_ddpm.safetensors");
  expect_failure("loss_vp_ddpm.safetensors", "out.loss.lw1.rm0");
}

TEST_F(Runner, SeesAChangedSample) {
  copy("net_ddpm.safetensors");
  expect_failure("sampler_pc_vp_discrete_ddpm.safetensors", "reverse_diffusion.langevin.sample");
}

TEST_F(Runner, SeesAChangedFirstStepInBrief) {
  const std::string name = "sampler_pc_ve_discrete_ncsnpp.safetensors";
  copy("net_ncsnpp_ve_discrete.safetensors");
  copy(name);
  const Result as_stored = run_with({path(name), "--brief"});
  EXPECT_TRUE(as_stored.says("1 passed, 0 failed, 0 skipped")) << as_stored.out;
  disturb(name, "reverse_diffusion.langevin.x", 64);
  EXPECT_EQ(run_with({path(name), "--brief"}).code, 1);
}

TEST_F(Runner, SeesAChangedInpainting) {
  copy("net_ddpmpp.safetensors");
  expect_failure("sampler_inpaint_vp.safetensors", "euler_maruyama.none.sample");
}

TEST_F(Runner, SeesAChangedColouring) {
  copy("net_ddpmpp.safetensors");
  expect_failure("sampler_colorize_vp.safetensors", "reverse_diffusion.langevin.x_in");
}

TEST_F(Runner, SeesAChangedTable) { expect_failure("sde_vp.safetensors", "out64.marginal.std"); }

TEST_F(Runner, SeesAChangedOptimiserStep) {
  expect_failure("optim_ema.safetensors", "optim.wd.p0");
}

TEST_F(Runner, SkipsWhatItDoesNotKnow) {
  SafeTensors file;
  file.metadata["settings"] = R"({"network": {"op": "network", "family": "transformer"}})";
  write_safetensors(path("net_new.safetensors"), file, Overwrite::no);
  write_safetensors(path("poem_new.safetensors"), file, Overwrite::no);
  write_safetensors(path("likelihood_new.safetensors"), file, Overwrite::no);
  const Result result = run_with({folder_.string()});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_TRUE(result.says("net_new.safetensors: skipped")) << result.out;
  EXPECT_TRUE(result.says("the network family transformer")) << result.out;
  EXPECT_TRUE(result.says("poem_new.safetensors: skipped")) << result.out;
  EXPECT_TRUE(result.says("likelihood_new.safetensors: skipped")) << result.out;
  EXPECT_TRUE(result.says("0 passed, 0 failed, 3 skipped")) << result.out;
}

TEST_F(Runner, CountsTheCasesThatRan) {
  copy("layers_blocks.safetensors");
  Bytes bytes = read_file(path("layers_blocks.safetensors"));
  const std::string known = R"(\"op\": \"nin\")", unknown = R"(\"op\": \"nix\")";
  const auto at = std::search(bytes.begin(), bytes.end(), known.begin(), known.end());
  ASSERT_NE(at, bytes.end());
  std::copy(unknown.begin(), unknown.end(), at);
  write_file(path("layers_blocks.safetensors"), bytes, Overwrite::yes);
  const Result result = run_with({path("layers_blocks.safetensors")});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_TRUE(result.says("28 of 29 cases, the others need nix")) << result.out;
}

TEST_F(Runner, SeesAChangedTrainingStep) {
  copy("net_ncsnpp_ve_discrete.safetensors");
  expect_failure("train_smld.safetensors", "step3.ema.all_modules.18.bias");
}

TEST_F(Runner, RefusesFilesThatAreNotWhole) {
  const Bytes whole = read_file((data / "net_ddpm_sigma.safetensors").string());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{1000}, whole.size() - 4}) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    write_file(path("net_part.safetensors"), part, Overwrite::yes);
    const Result result = run_with({path("net_part.safetensors")});
    EXPECT_EQ(result.code, 1) << size;
    EXPECT_TRUE(result.says("net_part.safetensors: FAIL: [")) << result.out;
  }
}

TEST_F(Runner, SaysWhatIsMissing) {
  copy("loss_ddpm.safetensors");  // without its network
  const Result alone = run_with({path("loss_ddpm.safetensors")});
  EXPECT_EQ(alone.code, 1);
  EXPECT_TRUE(alone.says("net_ddpm.safetensors")) << alone.out;

  SafeTensors empty;
  write_safetensors(path("sde_empty.safetensors"), empty, Overwrite::no);
  EXPECT_TRUE(run_with({path("sde_empty.safetensors")}).says("settings"));
  empty.metadata["settings"] = R"({"table": {"op": "sde_table")";
  write_safetensors(path("sde_half.safetensors"), empty, Overwrite::no);
  EXPECT_TRUE(run_with({path("sde_half.safetensors")}).says("sde_half.safetensors: FAIL"));
  EXPECT_TRUE(run_with({path("net_absent.safetensors")}).says("net_absent.safetensors: FAIL"));
}

TEST_F(Runner, DumpsWhatItRecomputed) {
  copy("optim_ema.safetensors");
  const std::vector<std::string> arguments = {path("optim_ema.safetensors"), "--dump", path("out")};
  EXPECT_EQ(run_with(arguments).code, 0);
  const SafeTensors stored = read_safetensors(path("optim_ema.safetensors")),
                    ours = read_safetensors(path("out/optim_ema.safetensors"));
  EXPECT_GT(ours.tensors.size(), 30U);
  for (const auto& [name, tensor] : ours.tensors) EXPECT_EQ(tensor.shape, stored.at(name).shape);

  EXPECT_EQ(run_with(arguments).code, 1) << "the dump exists";
  EXPECT_EQ(run_with({arguments[0], "--dump", path("out"), "--overwrite"}).code, 0);
  EXPECT_EQ(run_with({arguments[0], "--dump", folder_.string(), "--overwrite"}).code, 1)
      << "the dump would replace the reference file";
}

TEST_F(Runner, ChoosesAndExplains) {
  copy("sde_vp.safetensors");
  copy("optim_ema.safetensors");
  const Result chosen = run_with({folder_.string(), "--only", "sde_", "--tolerances"});
  EXPECT_TRUE(chosen.says("1 passed, 0 failed, 0 skipped")) << chosen.out;
  EXPECT_TRUE(chosen.says("    out.drift: error ")) << chosen.out;
  EXPECT_FALSE(chosen.says("optim_ema")) << chosen.out;
}

TEST_F(Runner, ExplainsWrongUse) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"--dump"},
                                                {"--frobnicate", "x"},
                                                {"--only", "net_"},
                                                {"--device", "gpu", "x"}}) {
    const Result result = run_with(wrong);
    EXPECT_EQ(result.code, 2);
    EXPECT_TRUE(result.says("usage: ito_reference"));
  }
  EXPECT_EQ(run_with({"--help"}).code, 0);
}

}  // namespace
}  // namespace ito::reference
