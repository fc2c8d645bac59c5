#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The accepting side of a DICOM association (PS3.8), over a socket that the caller accepted.
 *
 * Every function may be called from any thread; one association is used by one thread at a time. No exception leaves them. */

/** What all associations share: `T_ASC_Network`. */
typedef struct cdcmtk_network cdcmtk_network;

/** One association: `T_ASC_Association`. */
typedef struct cdcmtk_association cdcmtk_association;

/** Prepares DCMTK for accepting; NULL when that fails. Process-wide settings: no name look-up, no log output, and SIGPIPE
 * is ignored (by DCMTK itself). */
cdcmtk_network *cdcmtk_network_create(void);
/** After the last association. */
void cdcmtk_network_destroy(cdcmtk_network *network);

/** Receives an association on a connected socket, whose A-ASSOCIATE-RQ the caller has read: `request` is what DCMTK sees of
 * it.
 *
 * The socket is borrowed until the association is destroyed, and never closed here. Later each PDU has `idle_seconds` to
 * arrive in whole, and each write. `max_pdu` bytes are offered: 4,096 to 131,072, others count as the nearest of these.
 * On failure NULL, with a sentence in `error` (`error_size` bytes). */
cdcmtk_association *cdcmtk_association_receive(
    cdcmtk_network *network, int socket, const void *request, size_t request_length, int idle_seconds, long max_pdu,
    char *error, size_t error_size);

/** Accepts a proposed presentation context with a transfer syntax. */
void cdcmtk_association_accept_context(cdcmtk_association *association, uint8_t id, const char *transfer_syntax);
/** Refuses a proposed presentation context for its abstract syntax. */
void cdcmtk_association_refuse_context(cdcmtk_association *association, uint8_t id);

/** Sends A-ASSOCIATE-AC; 0 when that fails. */
int cdcmtk_association_acknowledge(cdcmtk_association *association);

/** What came next on an association. */
typedef enum {
    cdcmtk_event_pdv = 0,
    cdcmtk_event_release = 1,
    cdcmtk_event_abort = 2,
    cdcmtk_event_closed = 3,
    cdcmtk_event_timeout = 4,
    cdcmtk_event_error = 5,
} cdcmtk_event;

/** A presentation data value (PS3.8 annex E.2). */
typedef struct {
    uint8_t context_id;
    int is_command;
    int is_last;
    /** In DCMTK's buffer: valid until the next call. */
    const void *data;
    size_t length;
} cdcmtk_pdv;

/** Waits for the next PDV or the end, for `milliseconds` at most even where the peer may be silent for longer. On `cdcmtk_event_error` a sentence is in `error`. After any event but a PDV only
 * `cdcmtk_association_acknowledge_release` and `cdcmtk_association_destroy` may be called. */
cdcmtk_event cdcmtk_association_next(
    cdcmtk_association *association, int64_t milliseconds, cdcmtk_pdv *pdv, char *error, size_t error_size);

/** Sends one whole command set as one PDV; 0 when that fails. */
int cdcmtk_association_send_command(
    cdcmtk_association *association, uint8_t context_id, const void *bytes, size_t length);

/** Answers A-RELEASE-RQ. */
void cdcmtk_association_acknowledge_release(cdcmtk_association *association);
/** Frees all; the socket stays open. */
void cdcmtk_association_destroy(cdcmtk_association *association);

#ifdef __cplusplus
}
#endif
