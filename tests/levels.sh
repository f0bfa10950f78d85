#!/usr/bin/env bash
# The files of kernels/cpu are compiled once per SIMD level. A weak symbol among them would be merged
# by the linker, and the code of one level would run on a machine of another.
# Usage: levels.sh OBJECT...
status=0
for object in "$@"; do
  if nm -C --defined-only "$object" | grep -E ' [WVu] ' | grep -vE 'DW\.ref|__clang_call_terminate'; then
    echo "levels: weak symbols in $object"
    status=1
  fi
done
exit $status
