#include "cdcmtk_reencoding.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcvrus.h>
#include <dcmtk/dcmdata/dcwcache.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

namespace {

OFCondition apply(DcmDataset &set, const cdcmtk_edit &edit) {
    const DcmTag tag(edit.group, edit.element);
    if (edit.is_removal) {
        delete set.remove(tag);
        return EC_Normal;
    }
    if (edit.text != nullptr)
        return set.putAndInsertString(tag, edit.text);
    auto element = std::make_unique<DcmUnsignedShort>(DcmTag(tag, EVR_US));
    OFCondition result = element->putUint16(edit.number);
    return result.good() ? set.insert(element.release(), OFTrue) : result;
}

} // namespace

extern "C" int cdcmtk_reencode(
    const void *bytes, size_t length, const char *from, const char *to, const cdcmtk_edit *edits, size_t edit_count,
    void *context, void (*take)(void *context, const void *bytes, size_t length), char *error, size_t error_size) {
    try {
        DcmDataset set;
        DcmInputBufferStream input;
        input.setBuffer(bytes, static_cast<offile_off_t>(length));
        input.setEos();
        set.transferInit();
        OFCondition result = set.read(input, DcmXfer(from).getXfer(), EGL_noChange);
        set.transferEnd();
        for (size_t place = 0; result.good() && place < edit_count; place++)
            result = apply(set, edits[place]);
        const E_TransferSyntax syntax = DcmXfer(to).getXfer();
        if (result.good() && !set.canWriteXfer(syntax, DcmXfer(from).getXfer()))
            result = EC_CannotChangeRepresentation;
        std::vector<char> buffer(1 << 16);
        DcmOutputBufferStream output(buffer.data(), static_cast<offile_off_t>(buffer.size()));
        DcmWriteCache cache;
        set.transferInit();
        while (result.good()) {
            result = set.write(output, syntax, EET_UndefinedLength, &cache, EGL_withoutGL);
            void *written = nullptr;
            offile_off_t count = 0;
            output.flushBuffer(written, count);
            if (count > 0)
                take(context, written, static_cast<size_t>(count));
            if (result != EC_StreamNotifyClient)
                break;
            result = EC_Normal;
        }
        set.transferEnd();
        if (result.good())
            return 1;
        std::snprintf(error, error_size, "%s", result.text());
    } catch (const std::exception &exception) {
        std::snprintf(error, error_size, "%s", exception.what());
    } catch (...) {
        std::snprintf(error, error_size, "unknown exception");
    }
    return 0;
}
