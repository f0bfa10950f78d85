#include "diffusion/data/picture.h"

#ifdef ITO_JPEG
#include <csetjmp>
#include <cstdio>
// After <cstdio>: libjpeg's headers use FILE without declaring it.
#include <jerror.h>
#include <jpeglib.h>
#endif

namespace ito {

bool is_jpeg(std::span<const std::uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff;
}

#ifndef ITO_JPEG

Picture decode_jpeg(std::span<const std::uint8_t>, const std::string& source) {
  fail("jpeg", source, ": this build reads no JPEG (it was built without libjpeg)");
}

#else

namespace {

/// libjpeg's errors end in a jump to `failed`, out of C code that holds nothing of C++.
struct ErrorHandler {
  jpeg_error_mgr manager{};  // first: libjpeg knows only its address
  std::jmp_buf failed;
  char message[JMSG_LENGTH_MAX] = {};
};

[[noreturn]] void jump_out(j_common_ptr info) {
  auto* handler = reinterpret_cast<ErrorHandler*>(info->err);
  handler->manager.format_message(info, handler->message);
  std::longjmp(handler->failed, 1);
}

/// Warnings of damaged data (level -1) are errors: a picture that is half grey must not be trained
/// on. Surplus bytes between segments are harmless and common.
void warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) jump_out(info);
}

/// Everything that libjpeg owns.
struct Decoder {
  ErrorHandler handler;
  jpeg_decompress_struct info{};

  Decoder() {
    info.err = jpeg_std_error(&handler.manager);
    handler.manager.error_exit = jump_out;
    handler.manager.emit_message = warn;
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

// The functions below hold no object with a destructor: a jump may leave them at any call.

/// Reads the header and chooses grey or RGB; false when libjpeg failed.
bool read_header(Decoder& decoder, std::span<const std::uint8_t> file) {
  if (setjmp(decoder.handler.failed) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  jpeg_mem_src(&decoder.info, file.data(), file.size());
  jpeg_read_header(&decoder.info, TRUE);
  decoder.info.out_color_space = decoder.info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  decoder.info.dct_method = JDCT_ISLOW;
  return true;
}

/// Fills `pixels`, rows of `row_bytes`; false when libjpeg failed.
bool read_rows(Decoder& decoder, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(decoder.handler.failed) != 0) return false;
  jpeg_start_decompress(&decoder.info);
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = pixels + decoder.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

}  // namespace

Picture decode_jpeg(std::span<const std::uint8_t> file, const std::string& source) {
  Decoder decoder;
  const jpeg_decompress_struct& info = decoder.info;
  if (!read_header(decoder, file)) fail("jpeg", source, ": ", decoder.handler.message);
  if (info.num_components != 1 && info.num_components != 3) {
    fail("jpeg", source, ": ", info.num_components, " colour components, expected grey or RGB");
  }
  const auto height = Index{info.image_height}, width = Index{info.image_width};
  if (height * width > most_pixels) {
    fail("jpeg", source, ": ", height, "x", width, " pixels are over the limit of ", most_pixels);
  }
  // Every 8x8 block takes at least one bit.
  if (height * width / 512 > static_cast<Index>(file.size())) {
    fail("jpeg", source, ": truncated: ", file.size(), " bytes cannot hold ", height, "x", width,
         " pixels");
  }
  Picture picture{height, width, info.num_components == 1 ? 1 : 3, {}};
  const auto row_bytes = static_cast<std::size_t>(width * picture.channels);
  picture.pixels.resize(static_cast<std::size_t>(height) * row_bytes);
  if (!read_rows(decoder, picture.pixels.data(), row_bytes)) {
    fail("jpeg", source, ": ", decoder.handler.message);
  }
  return picture;
}

#endif

}  // namespace ito
