#!/usr/bin/env bash
# Includes go only to the left: kernels <- engine <- nn <- diffusion, and diffusion/cli last.
cd "$(dirname "$0")/.." || exit 1
status=0
forbid() {  # FOLDER PATTERN
  if grep -rnE "#include \"($2)" "$1"; then
    echo "layers: $1 must not include $2"
    status=1
  fi
}
forbid kernels '(engine|nn|diffusion|tests|bench)/'
forbid engine '(nn|diffusion|tests|bench)/'
forbid nn '(diffusion|tests|bench)/'
forbid diffusion '(tests|bench)/'
for folder in diffusion/*/; do
  [ "$folder" = diffusion/cli/ ] || forbid "$folder" 'diffusion/cli/'
done
exit $status
