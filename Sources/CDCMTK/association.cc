#include "cdcmtk_association.h"

#include "association_transport.h"

#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/ofstd/ofstd.h>

#include <string.h>

#include <algorithm>
#include <memory>

struct cdcmtk_network {
    TransportLayer layer;
    T_ASC_Network *network = nullptr;

    ~cdcmtk_network() {
        if (network != nullptr) (void)ASC_dropNetwork(&network);
    }
};

struct cdcmtk_association {
    ConnectionState state{};
    T_ASC_Association *association = nullptr;
    /** What is left of the PDVs of the last P-DATA-TF PDU, in DCMTK's buffer. */
    const uint8_t *values = nullptr;
    size_t values_left = 0;

    ~cdcmtk_association() {
        // Drops the connection first, which uses the state.
        if (association != nullptr) (void)ASC_destroyAssociation(&association);
    }
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

/** Reads the next PDU; `cdcmtk_event_pdv` when it holds PDVs. */
cdcmtk_event read_values(cdcmtk_association *association, int64_t milliseconds, char *error, size_t error_size) {
    explain(error, error_size, "out of memory");
    DUL_ASSOCIATIONKEY **key = &association->association->DULassociation;
    ConnectionState &state = association->state;
    state.received = 0;
    state.deadline = std::chrono::steady_clock::now() +
        std::min(std::chrono::milliseconds(milliseconds), std::chrono::milliseconds(1000L * state.idle_seconds));
    OFCondition result = DUL_ReadPDVs(key, nullptr, DUL_BLOCK, 0);
    if (result == DUL_PEERREQUESTEDRELEASE) return cdcmtk_event_release;
    if (result == DUL_PDATAPDUARRIVED) {
        DUL_PDV first;
        memset(&first, 0, sizeof first);
        result = DUL_NextPDV(key, &first);
        if (result.good()) {
            // A PDV's data lie behind its length, its context and its control byte; a PDU's behind its type and its length.
            association->values = static_cast<const uint8_t *>(first.data) - 6;
            association->values_left = state.received - 6;
            return cdcmtk_event_pdv;
        }
    }
    // DCMTK tells the end of a connection, a silent peer and A-ABORT by the same condition.
    if (state.timed_out) return cdcmtk_event_timeout;
    if (state.closed) return cdcmtk_event_closed;
    if (result == DUL_PEERABORTEDASSOCIATION) return cdcmtk_event_abort;
    explain(error, error_size, result.good() ? "unexpected PDU" : result.text());
    return cdcmtk_event_error;
}

}  // namespace

extern "C" {

cdcmtk_network *cdcmtk_network_create(void) {
    return guarded<cdcmtk_network *>(nullptr, [] () -> cdcmtk_network * {
        auto made = std::make_unique<cdcmtk_network>();
        // With a socket in the handle DCMTK opens no listener of its own, which would be on all interfaces. The other
        // settings are the process's too.
        SocketHandover handover(0);
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        dcmDisableGethostbyaddr.set(OFTrue);
        OFCondition result = ASC_initializeNetwork(NET_ACCEPTOR, 0, 30, &made->network);
        if (result.bad() || ASC_setTransportLayer(made->network, &made->layer, 0).bad()) return nullptr;
        return made.release();
    });
}

void cdcmtk_network_destroy(cdcmtk_network *network) {
    guarded(0, [&] {
        delete network;
        return 0;
    });
}

cdcmtk_association *cdcmtk_association_receive(
    cdcmtk_network *network, int socket, const void *request, size_t request_length, int idle_seconds, long max_pdu,
    char *error, size_t error_size) {
    // DCMTK would take 0 for no socket, and wait for a connection of its own.
    explain(error, error_size, socket > 0 ? "out of memory" : "descriptor 0 cannot be used");
    if (socket <= 0) return nullptr;
    return guarded<cdcmtk_association *>(nullptr, [&] () -> cdcmtk_association * {
        auto made = std::make_unique<cdcmtk_association>();
        made->state.request = static_cast<const uint8_t *>(request);
        made->state.request_left = request_length;
        made->state.idle_seconds = idle_seconds;
        made->state.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(idle_seconds);
        long offered = std::min<long>(std::max<long>(max_pdu, ASC_MINIMUMPDUSIZE), ASC_MAXIMUMPDUSIZE);
        OFCondition result =
            network->layer.receive(network->network, socket, &made->state, offered, &made->association);
        if (result.good()) return made.release();
        explain(error, error_size, result.text());
        return nullptr;
    });
}

void cdcmtk_association_accept_context(cdcmtk_association *association, uint8_t id, const char *transfer_syntax) {
    guarded(0, [&] {
        (void)ASC_acceptPresentationContext(association->association->params, id, transfer_syntax);
        return 0;
    });
}

void cdcmtk_association_refuse_context(cdcmtk_association *association, uint8_t id) {
    guarded(0, [&] {
        (void)ASC_refusePresentationContext(association->association->params, id, ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        return 0;
    });
}

int cdcmtk_association_acknowledge(cdcmtk_association *association) {
    return guarded(0, [&] { return ASC_acknowledgeAssociation(association->association).good() ? 1 : 0; });
}

cdcmtk_event cdcmtk_association_next(
    cdcmtk_association *association, int64_t milliseconds, cdcmtk_pdv *pdv, char *error, size_t error_size) {
    return guarded(cdcmtk_event_error, [&] {
        if (association->values_left == 0) {
            cdcmtk_event event = read_values(association, milliseconds, error, error_size);
            if (event != cdcmtk_event_pdv) return event;
        }
        // DUL_NextPDV finds only the first two: for the third it adds up the wrong lengths and leaves its buffer.
        const uint8_t *value = association->values;
        size_t left = association->values_left;
        size_t length = left < 6 ? 0 : static_cast<size_t>(value[0]) << 24 | value[1] << 16 | value[2] << 8 | value[3];
        if (length < 2 || length > left - 4) {
            explain(error, error_size, "presentation data values that are longer than their PDU");
            return cdcmtk_event_error;
        }
        association->values += 4 + length;
        association->values_left -= 4 + length;
        pdv->context_id = value[4];
        pdv->is_command = value[5] & 1;
        pdv->is_last = (value[5] & 2) != 0;
        pdv->data = value + 6;
        pdv->length = length - 2;
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

void cdcmtk_association_destroy(cdcmtk_association *association) {
    guarded(0, [&] {
        delete association;
        return 0;
    });
}

}  // extern "C"
