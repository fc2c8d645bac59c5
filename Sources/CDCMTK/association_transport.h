#pragma once
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include <stdint.h>

#include <chrono>
#include <mutex>

/** What a connection and the association it carries tell each other; the association owns it and outlives the connection. */
struct ConnectionState {
    /** The association request, which the caller has read already: the first reads are served from here. */
    const uint8_t *request;
    size_t request_left;
    /** How long a whole PDU may take, and each write. */
    int idle_seconds;
    /** When the PDU that is being read must be complete. */
    std::chrono::steady_clock::time_point deadline;
    /** Bytes read since this was last set to 0. */
    size_t received;
    /** Whether a read ended for lack of time. */
    bool timed_out;
    /** Whether a read met the end of the connection. */
    bool closed;
};

/** A TCP connection without DCMTK's delays, and with time limits of its own.
 *
 * Nagle's algorithm is off and acknowledgements are immediate: DCMTK peers write a PDU's header and body apart, and each
 * would wait 40 ms for the other's delayed ACK. The socket is borrowed: closing only lets go of it. */
class Connection : public DcmTCPConnection {
  public:
    Connection(DcmNativeSocketType socket, ConnectionState *state);
    ~Connection() override;

    ssize_t read(void *buffer, size_t length) override;
    ssize_t write(void *buffer, size_t length) override;
    OFBool networkDataAvailable(int timeout) override;
    void close() override;
    void closeTransportConnection() override;

  private:
    ConnectionState *state;

    bool wait_readable();
};

/** Makes Connections. DCMTK calls it after it has taken the socket handed to it. */
class TransportLayer : public DcmTransportLayer {
  public:
    DcmTransportConnection *createConnection(DcmNativeSocketType socket, OFBool secure) override;

    /** Receives an association on a socket that is already accepted, from the request in `state`.
     *
     * DCMTK takes such a socket from a global variable; it is set for just as long as that takes. */
    OFCondition receive(
        struct T_ASC_Network *network, int socket, ConnectionState *state, long max_pdu,
        struct T_ASC_Association **association);
};

/** Holds DCMTK's global `dcmExternalSocketHandle`, which one thread at a time may set. */
class SocketHandover {
  public:
    explicit SocketHandover(int socket);
    ~SocketHandover() { end(); }
    SocketHandover(const SocketHandover &) = delete;
    SocketHandover &operator=(const SocketHandover &) = delete;

    /** Clears the variable and lets the next thread have it. */
    void end();

  private:
    static std::mutex turn;
    std::unique_lock<std::mutex> lock;
};
