#pragma once
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include <chrono>

/** How long the connections made on this thread wait; set before ASC_receiveAssociation. */
struct ConnectionTimeouts {
    int handshake_seconds;
    int idle_seconds;
};

/** A TCP connection without DCMTK's delays, and with time limits of its own.
 *
 * Nagle's algorithm is off and acknowledgements are immediate: DCMTK peers write a PDU's header and body apart, and each
 * would wait 40 ms for the other's delayed ACK. */
class Connection : public DcmTCPConnection {
  public:
    Connection(DcmNativeSocketType socket, ConnectionTimeouts timeouts);

    ssize_t read(void *buffer, size_t length) override;

    /** From now on only each read by itself is limited. */
    void end_handshake() { in_handshake = false; }

    /** Whether the last read on this thread ended for lack of time. */
    static bool timed_out();

  private:
    bool in_handshake = true;
    int idle_seconds;
    std::chrono::steady_clock::time_point deadline;

    bool wait_readable();
};

/** Makes Connections. DCMTK calls it after it has taken over the socket handed to it. */
class TransportLayer : public DcmTransportLayer {
  public:
    DcmTransportConnection *createConnection(DcmNativeSocketType socket, OFBool secure) override;

    /** Receives an association on a socket that is already accepted.
     *
     * DCMTK takes such a socket from a global variable; it is set for just as long as that takes. */
    OFCondition receive(
        struct T_ASC_Network *network, int socket, ConnectionTimeouts timeouts, long max_pdu,
        struct T_ASC_Association **association);
};
