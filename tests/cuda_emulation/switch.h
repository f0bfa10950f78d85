#pragma once
// Switching stacks: what a call must preserve goes onto the old stack, and what the new one holds
// comes back. Three forms of the same two functions; included by fiber.cpp alone.

#include <cstddef>
#include <cstdint>
#include <cstring>

#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(ITO_UCONTEXT)
#define ITO_UCONTEXT  // may be defined to try it elsewhere
#endif
#ifdef ITO_UCONTEXT
#include <ucontext.h>
#endif

namespace cuda_emulation {

/// Leaves the running context in *from and goes on with `to`, until somebody comes back.
extern "C" void ito_cuda_switch(void** from, void* to);

#ifdef ITO_UCONTEXT

extern "C" inline void ito_cuda_switch(void** from, void* to) {
  ucontext_t here;
  *from = &here;
  swapcontext(&here, static_cast<ucontext_t*>(to));
}

/// A context that begins at `begin`, with the stack between `bottom` and `top`.
inline void* new_context(char* bottom, char* top, void (*begin)()) {
  constexpr std::size_t room = (sizeof(ucontext_t) + 63) / 64 * 64;
  auto* const context = reinterpret_cast<ucontext_t*>(top - room);
  getcontext(context);
  context->uc_stack.ss_sp = bottom;
  context->uc_stack.ss_size = static_cast<std::size_t>(top - room - bottom);
  makecontext(context, begin, 0);
  return context;
}

#elif defined(__x86_64__)

// The System V ABI: rbx, rbp, r12 to r15 and the control words of both floating-point units.
asm(R"(
  .text
  .globl ito_cuda_switch
  .hidden ito_cuda_switch
  .type ito_cuda_switch, @function
ito_cuda_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq  $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq  %rsp, (%rdi)
  movq  %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq  $8, %rsp
  popq  %r15
  popq  %r14
  popq  %r13
  popq  %r12
  popq  %rbx
  popq  %rbp
  ret
  .size ito_cuda_switch, .-ito_cuda_switch
)");

/// A context that begins at `begin`, with the stack below `top` (a multiple of 16).
inline void* new_context(char* /*bottom*/, char* top, void (*begin)()) {
  constexpr std::uint32_t control_words[2] = {0x1f80, 0x037f};  // round to nearest, no traps
  char* const context = top - 72;  // so that the stack is aligned as after a call
  std::memset(context, 0, 72);
  std::memcpy(context, control_words, sizeof(control_words));
  std::memcpy(context + 56, &begin, sizeof(begin));  // where ret goes
  return context;
}

#elif defined(__aarch64__)

// The AAPCS: x19 to x28, the frame pointer, the return address and the low halves of v8 to v15.
asm(R"(
  .text
  .globl ito_cuda_switch
  .hidden ito_cuda_switch
  .type ito_cuda_switch, %function
ito_cuda_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8,  d9,  [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8,  d9,  [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
  .size ito_cuda_switch, .-ito_cuda_switch
)");

/// A context that begins at `begin`, with the stack below `top` (a multiple of 16).
inline void* new_context(char* /*bottom*/, char* top, void (*begin)()) {
  char* const context = top - 160;
  std::memset(context, 0, 160);
  std::memcpy(context + 88, &begin, sizeof(begin));  // x30, where ret goes
  return context;
}

#endif

}  // namespace cuda_emulation
