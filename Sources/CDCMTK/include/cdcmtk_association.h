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

/** Prepares DCMTK for accepting; NULL when that fails. Process-wide settings: no name look-up, no log output. */
cdcmtk_network *cdcmtk_network_create(void);
void cdcmtk_network_destroy(cdcmtk_network *network);

/** Reads an A-ASSOCIATE-RQ from a connected socket, which is owned from now on, whatever comes of it.
 *
 * Waits `handshake_seconds` for it in all, later `idle_seconds` for each read or write; offers `max_pdu` bytes.
 * On failure NULL, with a sentence in `error` (`error_size` bytes). */
cdcmtk_association *cdcmtk_association_receive(
    cdcmtk_network *network, int socket, int handshake_seconds, int idle_seconds, long max_pdu, char *error,
    size_t error_size);

/** Valid until the association is destroyed. */
const char *cdcmtk_association_calling_ae_title(const cdcmtk_association *association);
const char *cdcmtk_association_called_ae_title(const cdcmtk_association *association);

/** A presentation context as proposed. */
typedef struct {
    uint8_t id;
    char abstract_syntax[65];
    /** The first transfer syntax proposed; empty when there is none. */
    char transfer_syntax[65];
} cdcmtk_presentation_context;

int cdcmtk_association_context_count(const cdcmtk_association *association);
/** The context at a place from 0; 0 when there is none. */
int cdcmtk_association_context(
    const cdcmtk_association *association, int place, cdcmtk_presentation_context *context);
void cdcmtk_association_accept_context(cdcmtk_association *association, uint8_t id, const char *transfer_syntax);
/** Refuses a context, for its abstract syntax or (when `for_transfer_syntax`) its transfer syntaxes. */
void cdcmtk_association_refuse_context(cdcmtk_association *association, uint8_t id, int for_transfer_syntax);

/** Sends A-ASSOCIATE-AC; 0 when that fails. */
int cdcmtk_association_acknowledge(cdcmtk_association *association);

/** Why an association is rejected (PS3.8 9.3.4). */
typedef enum {
    cdcmtk_reject_called_ae_title = 0,
    cdcmtk_reject_calling_ae_title = 1,
    cdcmtk_reject_local_limit = 2,
    cdcmtk_reject_no_reason = 3,
} cdcmtk_reject_reason;

/** Sends A-ASSOCIATE-RJ. */
void cdcmtk_association_reject(cdcmtk_association *association, cdcmtk_reject_reason reason);

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

/** Waits for the next PDV or the end. On `cdcmtk_event_error` a sentence is in `error`. */
cdcmtk_event cdcmtk_association_next(
    cdcmtk_association *association, cdcmtk_pdv *pdv, char *error, size_t error_size);

/** Sends one whole command set as one PDV; 0 when that fails. */
int cdcmtk_association_send_command(
    cdcmtk_association *association, uint8_t context_id, const void *bytes, size_t length);

/** Answers A-RELEASE-RQ. */
void cdcmtk_association_acknowledge_release(cdcmtk_association *association);
/** Sends A-ABORT. */
void cdcmtk_association_abort(cdcmtk_association *association);
/** Closes the connection and frees all. */
void cdcmtk_association_destroy(cdcmtk_association *association);

/** The elements of a command set (PS3.7 annex E) that a storage provider reads or writes. Absent numbers are 0. */
typedef struct {
    uint16_t command_field;
    uint16_t message_id;
    uint16_t message_id_responded_to;
    uint16_t data_set_type;
    uint16_t status;
    char sop_class_uid[65];
    char sop_instance_uid[65];
    char error_comment[65];
} cdcmtk_command;

/** Reads a command set (implicit VR little endian); 0 when it is none, or a UID is longer than 64 characters. */
int cdcmtk_command_decode(const void *bytes, size_t length, cdcmtk_command *command);

/** Writes a response's command set into `bytes`; its length, or 0 when it does not fit `capacity`. */
size_t cdcmtk_command_encode(const cdcmtk_command *command, void *bytes, size_t capacity);

#ifdef __cplusplus
}
#endif
