/* A folder of the test program's own: made when it is first asked for, gone when the program ends, whatever is in it. */
#ifndef SUND_TEST_SCRATCH_H
#define SUND_TEST_SCRATCH_H

/* The path of `name` in the folder; "" for the folder itself. The last 4096 asked for stay as they are. Crypto is initialised then too. */
const char *scratch(const char *name);

#endif
