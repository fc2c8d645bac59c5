#include "cdcmtk_association.h"

extern "C" const char *cdcmtk_association_placeholder(void) { return "association"; }
