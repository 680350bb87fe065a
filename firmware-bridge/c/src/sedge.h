/* Arduino puts this folder alone on the include path; the header itself stands where every other build looks for it. */
#include "../include/sedge.h"
