#include "cdcmtk_association.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcostrmb.h>

#include <string.h>

namespace {

/** A UID without padding; false when it is longer than a UID can be. */
bool get_uid(DcmDataset &set, const DcmTagKey &tag, char (&target)[65]) {
    const char *value = nullptr;
    target[0] = 0;
    if (set.findAndGetString(tag, value).bad() || value == nullptr) return true;
    while (*value == ' ') value++;
    size_t length = strlen(value);
    while (length > 0 && value[length - 1] == ' ') length--;
    if (length >= sizeof target) return false;
    memcpy(target, value, length);
    target[length] = 0;
    return true;
}

uint16_t get_number(DcmDataset &set, const DcmTagKey &tag) {
    Uint16 value = 0;
    return set.findAndGetUint16(tag, value).good() ? value : 0;
}

}  // namespace

extern "C" {

int cdcmtk_command_decode(const void *bytes, size_t length, cdcmtk_command *command) {
    memset(command, 0, sizeof *command);
    try {
        DcmInputBufferStream stream;
        stream.setBuffer(bytes, static_cast<offile_off_t>(length));
        stream.setEos();
        DcmDataset set;
        set.transferInit();
        OFCondition result = set.read(stream, EXS_LittleEndianImplicit);
        set.transferEnd();
        if (result.bad() || !set.tagExists(DCM_CommandField)) return 0;
        command->command_field = get_number(set, DCM_CommandField);
        command->message_id = get_number(set, DCM_MessageID);
        command->message_id_responded_to = get_number(set, DCM_MessageIDBeingRespondedTo);
        command->data_set_type = get_number(set, DCM_CommandDataSetType);
        command->status = get_number(set, DCM_Status);
        return get_uid(set, DCM_AffectedSOPClassUID, command->sop_class_uid)
            && get_uid(set, DCM_AffectedSOPInstanceUID, command->sop_instance_uid);
    } catch (...) {
        return 0;
    }
}

size_t cdcmtk_command_encode(const cdcmtk_command *command, void *bytes, size_t capacity) {
    try {
        DcmDataset set;
        bool is_good = true;
        auto number = [&](const DcmTag &tag, uint16_t value) {
            is_good = is_good && set.putAndInsertUint16(tag, value).good();
        };
        auto text = [&](const DcmTag &tag, const char *value) {
            if (*value != 0) is_good = is_good && set.putAndInsertString(tag, value).good();
        };
        text(DCM_AffectedSOPClassUID, command->sop_class_uid);
        number(DCM_CommandField, command->command_field);
        number(DCM_MessageIDBeingRespondedTo, command->message_id_responded_to);
        number(DCM_CommandDataSetType, command->data_set_type);
        number(DCM_Status, command->status);
        text(DCM_ErrorComment, command->error_comment);
        text(DCM_AffectedSOPInstanceUID, command->sop_instance_uid);
        if (!is_good) return 0;

        DcmOutputBufferStream stream(bytes, static_cast<offile_off_t>(capacity));
        set.transferInit();
        OFCondition result = set.write(stream, EXS_LittleEndianImplicit, EET_ExplicitLength, nullptr, EGL_withGL);
        set.transferEnd();
        void *written = nullptr;
        offile_off_t length = 0;
        stream.flushBuffer(written, length);
        return result.good() ? static_cast<size_t>(length) : 0;
    } catch (...) {
        return 0;
    }
}

}  // extern "C"
