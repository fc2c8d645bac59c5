#include "cdcmtk_codec.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>

namespace {

/// Registers the codecs, once: colours stay as they are, and so do all identifiers.
void prepare() {
    static std::once_flag once;
    std::call_once(once, [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DcmRLEDecoderRegistration::registerCodecs();
        DcmRLEEncoderRegistration::registerCodecs(OFFalse, 0, OFFalse);
        // Colours are converted where the data set says so, and the ones made here never do.
        DJDecoderRegistration::registerCodecs(
            EDC_photometricInterpretation, EUC_never, EPC_colorByPixel, OFFalse, OFTrue, OFTrue);
        // Lossless, from the samples as they are ("real lossless" mode of DCMTK).
        DJEncoderRegistration::registerCodecs(
            ECC_lossyYCbCr, EUC_never, OFFalse, 0, 0, 0, OFFalse, ESS_444, OFFalse, OFFalse, 0, 0, 0.0, 0.0, 0, 0, 0, 0,
            OFFalse, OFFalse, OFFalse, OFTrue);
        DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel, OFTrue, OFTrue);
        DJLSEncoderRegistration::registerCodecs(0, 0, 0, 0, OFFalse, 0, OFFalse, EJLSUC_never);
    });
}

E_TransferSyntax syntax(cdcmtk_coding coding, bool isEncoding) {
    switch (coding) {
    case cdcmtk_coding_rle: return EXS_RLELossless;
    case cdcmtk_coding_jpeg_baseline: return EXS_JPEGProcess1;
    case cdcmtk_coding_jpeg_extended: return EXS_JPEGProcess2_4;
    case cdcmtk_coding_jpeg_progressive: return EXS_JPEGProcess10_12;
    case cdcmtk_coding_jpeg_lossless: return isEncoding ? EXS_JPEGProcess14SV1 : EXS_JPEGProcess14;
    case cdcmtk_coding_jpeg_ls: return EXS_JPEGLSLossless;
    }
    return EXS_Unknown;
}

/// Puts what the codecs look at into a data set of one frame.
void describe(DcmDataset &set, const cdcmtk_frame &frame) {
    set.putAndInsertString(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.7");
    set.putAndInsertUint16(DCM_SamplesPerPixel, frame.samples_per_pixel);
    // RGB stands for colours of any kind: nobody converts it.
    set.putAndInsertString(DCM_PhotometricInterpretation, frame.samples_per_pixel == 1 ? "MONOCHROME2" : "RGB");
    if (frame.samples_per_pixel > 1)
        set.putAndInsertUint16(DCM_PlanarConfiguration, 0);
    set.putAndInsertUint16(DCM_Rows, frame.rows);
    set.putAndInsertUint16(DCM_Columns, frame.columns);
    set.putAndInsertUint16(DCM_BitsAllocated, frame.bits_allocated);
    set.putAndInsertUint16(DCM_BitsStored, frame.bits_stored);
    set.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(frame.bits_stored - 1));
    set.putAndInsertUint16(DCM_PixelRepresentation, frame.is_signed ? 1 : 0);
}

/// Runs what may fail or throw.
template <typename Body> int guarded(char *error, size_t size, Body body) {
    try {
        prepare();
        const OFCondition result = body();
        if (result.good())
            return 1;
        std::snprintf(error, size, "%s", result.text());
    } catch (const std::exception &exception) {
        std::snprintf(error, size, "%s", exception.what());
    } catch (...) {
        std::snprintf(error, size, "unknown exception");
    }
    return 0;
}

} // namespace

extern "C" int cdcmtk_decode(
    cdcmtk_coding coding, const cdcmtk_frame *frame, const void *bytes, size_t length, void *samples, size_t capacity,
    char *error, size_t error_size) {
    return guarded(error, error_size, [&]() -> OFCondition {
        if (length == 0 || length >= 0xFFFFFFFEu || capacity > 0xFFFFFFFEu)
            return EC_IllegalParameter;
        DcmDataset set;
        describe(set, *frame);
        auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
        auto insert = [&](const void *value, size_t count) -> OFCondition {
            auto item = std::make_unique<DcmPixelItem>(DcmTag(DCM_PixelItemTag, EVR_OB));
            OFCondition result = EC_Normal;
            if (count > 0)
                result = item->putUint8Array(static_cast<const Uint8 *>(value), static_cast<unsigned long>(count));
            if (result.good())
                result = sequence->insert(item.get());
            if (result.good())
                item.release();
            return result;
        };
        OFCondition result = insert(nullptr, 0);
        if (result.good())
            result = insert(bytes, length);
        if (result.bad())
            return result;
        auto element = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
        DcmPixelData *pixels = element.get();
        pixels->putOriginalRepresentation(syntax(coding, false), nullptr, sequence.release());
        result = set.insert(element.get(), OFTrue);
        if (result.bad())
            return result;
        element.release();
        Uint32 fragment = 1;
        OFString color;
        return pixels->getUncompressedFrame(
            &set, 0, fragment, samples, static_cast<Uint32>(capacity & ~size_t(1)), color, nullptr);
    });
}

extern "C" int cdcmtk_encode(
    cdcmtk_coding coding, const cdcmtk_frame *frame, const void *samples, size_t length, void *context,
    void (*take)(void *context, const void *bytes, size_t length), char *error, size_t error_size) {
    return guarded(error, error_size, [&]() -> OFCondition {
        if (length == 0 || length >= 0xFFFFFFFEu)
            return EC_IllegalParameter;
        DcmDataset set;
        describe(set, *frame);
        OFCondition result =
            frame->bits_allocated > 8
                ? set.putAndInsertUint16Array(
                      DCM_PixelData, static_cast<const Uint16 *>(samples), static_cast<unsigned long>(length / 2))
                : set.putAndInsertUint8Array(
                      DCM_PixelData, static_cast<const Uint8 *>(samples), static_cast<unsigned long>(length));
        if (result.bad())
            return result;
        const DcmRLERepresentationParameter rle;
        const DJ_RPLossless lossless(1, 0);
        const DJLSRepresentationParameter nearLossless(0, OFTrue);
        const DcmRepresentationParameter *parameter = nullptr;
        switch (coding) {
        case cdcmtk_coding_rle: parameter = &rle; break;
        case cdcmtk_coding_jpeg_lossless: parameter = &lossless; break;
        case cdcmtk_coding_jpeg_ls: parameter = &nearLossless; break;
        default: return EC_IllegalParameter;
        }
        const E_TransferSyntax wanted = syntax(coding, true);
        result = set.chooseRepresentation(wanted, parameter);
        if (result.bad())
            return result;
        DcmElement *element = nullptr;
        result = set.findAndGetElement(DCM_PixelData, element);
        if (result.bad())
            return result;
        DcmPixelSequence *sequence = nullptr;
        result = dynamic_cast<DcmPixelData &>(*element).getEncapsulatedRepresentation(wanted, parameter, sequence);
        if (result.bad())
            return result;
        // Behind the offset table.
        for (unsigned long place = 1; place < sequence->card(); place++) {
            DcmPixelItem *item = nullptr;
            Uint8 *bytes = nullptr;
            result = sequence->getItem(item, place);
            if (result.good())
                result = item->getUint8Array(bytes);
            if (result.bad())
                return result;
            take(context, bytes, item->getLength());
        }
        return EC_Normal;
    });
}
