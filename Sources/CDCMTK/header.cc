#include "cdcmtk_header.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcdicent.h>
#include <dcmtk/dcmdata/dcvr.h>

#include <cstring>

namespace {

/// Calls `use` with the dictionary's entry for a tag while the dictionary is locked; false when there is none.
template <typename Use> bool withEntry(uint16_t group, uint16_t element, Use use) {
    try {
        const DcmDataDictionary &dictionary = dcmDataDict.rdlock();
        const DcmDictEntry *entry = dictionary.findEntry(DcmTagKey(group, element), nullptr);
        const bool found = entry != nullptr && use(*entry);
        dcmDataDict.rdunlock();
        return found;
    } catch (...) {
        return false;
    }
}

} // namespace

extern "C" uint16_t cdcmtk_dictionary_vr(uint16_t group, uint16_t element) {
    uint16_t letters = 0;
    withEntry(group, element, [&](const DcmDictEntry &entry) {
        // DCMTK's own pseudo representations ("ox", "xs", ...) stand for choices: the one written in files comes first.
        const DcmVR written(DcmVR(entry.getEVR()).getValidEVR());
        const char *name = written.getVRName();
        if (name == nullptr || std::strlen(name) != 2 || written.getEVR() == EVR_UN)
            return false;
        letters = static_cast<uint16_t>(static_cast<unsigned char>(name[0]) << 8 | static_cast<unsigned char>(name[1]));
        return true;
    });
    return letters;
}

extern "C" uint32_t cdcmtk_dictionary_tag(const char *keyword) {
    uint32_t tag = 0;
    try {
        const DcmDataDictionary &dictionary = dcmDataDict.rdlock();
        const DcmDictEntry *entry = dictionary.findEntry(keyword);
        if (entry != nullptr) tag = static_cast<uint32_t>(entry->getGroup()) << 16 | entry->getElement();
        dcmDataDict.rdunlock();
    } catch (...) {
    }
    return tag;
}

extern "C" int cdcmtk_dictionary_keyword(uint16_t group, uint16_t element, char *name, size_t capacity) {
    return withEntry(group, element, [&](const DcmDictEntry &entry) {
        const char *keyword = entry.getTagName();
        if (keyword == nullptr || std::strlen(keyword) >= capacity)
            return false;
        std::strcpy(name, keyword);
        return true;
    });
}
