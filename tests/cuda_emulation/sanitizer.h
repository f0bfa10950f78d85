#pragma once
// AddressSanitizer, where there is one: it is told whose stack is in use and which memory is out of
// bounds. What looks after that memory itself reads it all the same.

#if defined(__SANITIZE_ADDRESS__)
#define ITO_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ITO_ADDRESS_SANITIZER
#endif
#endif

#ifdef ITO_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define ITO_UNCHECKED __attribute__((no_sanitize_address))
#else
#include <cstddef>
#define ITO_UNCHECKED
inline void __sanitizer_start_switch_fiber(void**, const void*, std::size_t) {}
inline void __sanitizer_finish_switch_fiber(void*, const void**, std::size_t*) {}
inline void __asan_poison_memory_region(const volatile void*, std::size_t) {}
inline void __asan_unpoison_memory_region(const volatile void*, std::size_t) {}
#endif
