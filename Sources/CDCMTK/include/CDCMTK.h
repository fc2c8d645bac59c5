#pragma once
#include "cdcmtk_header.h"
#include "cdcmtk_codec.h"
#include "cdcmtk_reencoding.h"
