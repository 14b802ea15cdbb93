#include "cpu/kernels/tile_panel.hpp"
#include "cpu/kernels/tiles_amx.hpp"

namespace lamina::cpu {

// Below 12 rows the int8 kernels, which keep rows in registers, are as fast and read no more.
extern const TileKernels amx_tiles = tile_kernels<TileAvx512, AmxTiles>(12);

}  // namespace lamina::cpu
