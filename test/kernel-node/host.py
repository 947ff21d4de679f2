# Plays the host: each byte of its request is 03h, which makes NetFn 0, LUN 3, sequence 3, command 3.
import time
from registers import *

for number in range(3):
    poke(BUFFER, 3)
    poke(CONTROL, H2B_ATN)
    began = time.time()
    while not peek(CONTROL) & B2H_ATN and time.time() - began < 10:
        time.sleep(0.01)
    print('request %d: control %02x, last byte of the response %02x, after %.2f s' % (number, peek(CONTROL), peek(BUFFER), time.time() - began), flush=True)
    poke(CONTROL, 0)
    time.sleep(0.2)
