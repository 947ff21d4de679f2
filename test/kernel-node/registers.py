# The memory that QEMU's AST2600 has in place of the BT registers: bits do not toggle, and the buffer is one byte.
import mmap, os, struct
memory = mmap.mmap(os.open('/dev/mem', os.O_RDWR | os.O_SYNC), 4096, offset=0x1e789000)
CONTROL, BUFFER = 0x150, 0x154
H2B_ATN, B2H_ATN = 4, 8


def peek(at):
    return struct.unpack_from('<I', memory, at)[0]


def poke(at, value):
    struct.pack_into('<I', memory, at, value)
