#include "cdcmtk_association.h"

#include "association_transport.h"

#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/ofstd/ofstd.h>

#include <string.h>

#include <algorithm>

struct cdcmtk_network {
    TransportLayer layer;
    T_ASC_Network *network = nullptr;
};

struct cdcmtk_association {
    T_ASC_Association *association = nullptr;
    char calling[17] = "";
    char called[17] = "";
};

namespace {

void explain(char *error, size_t size, const char *text) {
    if (size > 0) OFStandard::strlcpy(error, text, size);
}

/** Runs a body from which no exception may leave. */
template <typename Result, typename Body>
Result guarded(Result failure, Body body) noexcept {
    try {
        return body();
    } catch (...) {
        return failure;
    }
}

void copy_trimmed(char *target, size_t size, const char *source) {
    while (*source == ' ') source++;
    OFStandard::strlcpy(target, source, size);
    for (size_t end = strlen(target); end > 0 && target[end - 1] == ' '; end--) target[end - 1] = 0;
}

}  // namespace

extern "C" {

cdcmtk_network *cdcmtk_network_create(void) {
    return guarded<cdcmtk_network *>(nullptr, [] () -> cdcmtk_network * {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        dcmDisableGethostbyaddr.set(OFTrue);
        auto *made = new cdcmtk_network;
        // With a socket in the handle DCMTK opens no listener of its own, which would be on all interfaces.
        dcmExternalSocketHandle.set(0);
        OFCondition result = ASC_initializeNetwork(NET_ACCEPTOR, 0, 30, &made->network);
        dcmExternalSocketHandle.set(-1);
        if (result.bad() || ASC_setTransportLayer(made->network, &made->layer, 0).bad()) {
            delete made;
            return nullptr;
        }
        return made;
    });
}

void cdcmtk_network_destroy(cdcmtk_network *network) {
    guarded(0, [&] {
        if (network != nullptr) {
            ASC_dropNetwork(&network->network);
            delete network;
        }
        return 0;
    });
}

cdcmtk_association *cdcmtk_association_receive(
    cdcmtk_network *network, int socket, int handshake_seconds, int idle_seconds, long max_pdu, char *error,
    size_t error_size) {
    explain(error, error_size, "out of memory");
    return guarded<cdcmtk_association *>(nullptr, [&] () -> cdcmtk_association * {
        auto *made = new cdcmtk_association;
        ConnectionTimeouts timeouts = {handshake_seconds, idle_seconds};
        OFCondition result =
            network->layer.receive(network->network, socket, timeouts, max_pdu, &made->association);
        if (result.good()) {
            const DUL_ASSOCIATESERVICEPARAMETERS &parameters = made->association->params->DULparams;
            copy_trimmed(made->calling, sizeof made->calling, parameters.callingAPTitle);
            copy_trimmed(made->called, sizeof made->called, parameters.calledAPTitle);
            return made;
        }
        explain(error, error_size, Connection::timed_out() ? "no association request in time" : result.text());
        cdcmtk_association_destroy(made);
        return nullptr;
    });
}

const char *cdcmtk_association_calling_ae_title(const cdcmtk_association *association) { return association->calling; }

const char *cdcmtk_association_called_ae_title(const cdcmtk_association *association) { return association->called; }

int cdcmtk_association_context_count(const cdcmtk_association *association) {
    return guarded(0, [&] { return ASC_countPresentationContexts(association->association->params); });
}

int cdcmtk_association_context(
    const cdcmtk_association *association, int place, cdcmtk_presentation_context *context) {
    return guarded(0, [&] {
        T_ASC_PresentationContext found;
        memset(&found, 0, sizeof found);
        if (ASC_getPresentationContext(association->association->params, place, &found).bad()) return 0;
        context->id = found.presentationContextID;
        copy_trimmed(context->abstract_syntax, sizeof context->abstract_syntax, found.abstractSyntax);
        const char *first = found.transferSyntaxCount > 0 ? found.proposedTransferSyntaxes[0] : "";
        OFStandard::strlcpy(context->transfer_syntax, first, sizeof context->transfer_syntax);
        return 1;
    });
}

void cdcmtk_association_accept_context(cdcmtk_association *association, uint8_t id, const char *transfer_syntax) {
    guarded(0, [&] {
        (void)ASC_acceptPresentationContext(association->association->params, id, transfer_syntax);
        return 0;
    });
}

void cdcmtk_association_refuse_context(cdcmtk_association *association, uint8_t id, int for_transfer_syntax) {
    guarded(0, [&] {
        (void)ASC_refusePresentationContext(
            association->association->params, id,
            for_transfer_syntax ? ASC_P_TRANSFERSYNTAXESNOTSUPPORTED : ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        return 0;
    });
}

int cdcmtk_association_acknowledge(cdcmtk_association *association) {
    return guarded(0, [&] { return ASC_acknowledgeAssociation(association->association).good() ? 1 : 0; });
}

void cdcmtk_association_reject(cdcmtk_association *association, cdcmtk_reject_reason reason) {
    guarded(0, [&] {
        T_ASC_RejectParameters parameters = {
            ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, ASC_REASON_SU_NOREASON};
        if (reason == cdcmtk_reject_called_ae_title) parameters.reason = ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED;
        if (reason == cdcmtk_reject_calling_ae_title) parameters.reason = ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED;
        if (reason == cdcmtk_reject_local_limit) {
            parameters = {
                ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
                ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED};
        }
        (void)ASC_rejectAssociation(association->association, &parameters);
        return 0;
    });
}

cdcmtk_event cdcmtk_association_next(
    cdcmtk_association *association, cdcmtk_pdv *pdv, char *error, size_t error_size) {
    explain(error, error_size, "out of memory");
    return guarded(cdcmtk_event_error, [&] {
        DUL_ASSOCIATIONKEY **key = &association->association->DULassociation;
        DUL_PDV next;
        memset(&next, 0, sizeof next);
        if (DUL_NextPDV(key, &next).bad()) {
            OFCondition result = DUL_ReadPDVs(key, nullptr, DUL_BLOCK, 0);
            if (result == DUL_PEERREQUESTEDRELEASE) return cdcmtk_event_release;
            if (result != DUL_PDATAPDUARRIVED) {
                if (Connection::timed_out()) return cdcmtk_event_timeout;
                if (result == DUL_PEERABORTEDASSOCIATION) return cdcmtk_event_abort;
                if (result == DUL_NETWORKCLOSED) return cdcmtk_event_closed;
                explain(error, error_size, result.text());
                return cdcmtk_event_error;
            }
            result = DUL_NextPDV(key, &next);
            if (result.bad()) {
                explain(error, error_size, result.text());
                return cdcmtk_event_error;
            }
        }
        pdv->context_id = next.presentationContextID;
        pdv->is_command = next.pdvType == DUL_COMMANDPDV;
        pdv->is_last = next.lastPDV ? 1 : 0;
        pdv->data = next.data;
        pdv->length = next.fragmentLength;
        return cdcmtk_event_pdv;
    });
}

int cdcmtk_association_send_command(
    cdcmtk_association *association, uint8_t context_id, const void *bytes, size_t length) {
    return guarded(0, [&] {
        DUL_PDV pdv;
        memset(&pdv, 0, sizeof pdv);
        pdv.fragmentLength = length;
        pdv.presentationContextID = context_id;
        pdv.pdvType = DUL_COMMANDPDV;
        pdv.lastPDV = OFTrue;
        pdv.data = const_cast<void *>(bytes);
        DUL_PDVLIST list;
        memset(&list, 0, sizeof list);
        list.count = 1;
        list.pdv = &pdv;
        return DUL_WritePDVs(&association->association->DULassociation, &list).good() ? 1 : 0;
    });
}

void cdcmtk_association_acknowledge_release(cdcmtk_association *association) {
    guarded(0, [&] {
        (void)ASC_acknowledgeRelease(association->association);
        return 0;
    });
}

void cdcmtk_association_abort(cdcmtk_association *association) {
    guarded(0, [&] {
        (void)ASC_abortAssociation(association->association);
        return 0;
    });
}

void cdcmtk_association_destroy(cdcmtk_association *association) {
    guarded(0, [&] {
        if (association->association != nullptr) {
            if (association->association->DULassociation != nullptr) (void)ASC_dropAssociation(association->association);
            (void)ASC_destroyAssociation(&association->association);
        }
        delete association;
        return 0;
    });
}

}  // extern "C"
