#include "cdcmtk_header.h"

extern "C" const char *cdcmtk_header_placeholder(void) { return "header"; }
