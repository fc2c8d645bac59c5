#include "association_transport.h"

#include <dcmtk/dcmnet/assoc.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <mutex>

namespace {

/** Held from setting dcmExternalSocketHandle until DCMTK has taken the socket. */
std::mutex handover;

/** What this thread hands to the connection that is about to be made. */
struct Handover {
    bool is_locked = false;
    ConnectionTimeouts timeouts{};
    Connection *made = nullptr;

    void end() {
        if (!is_locked) return;
        is_locked = false;
        dcmExternalSocketHandle.set(-1);
        handover.unlock();
    }
};

thread_local Handover current;
thread_local bool read_timed_out = false;

void set_option(int socket, int level, int option, int value) {
    (void)setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Connection::Connection(DcmNativeSocketType socket, ConnectionTimeouts timeouts)
    : DcmTCPConnection(socket),
      idle_seconds(timeouts.idle_seconds),
      deadline(std::chrono::steady_clock::now() + std::chrono::seconds(timeouts.handshake_seconds)) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
    struct timeval limit = {idle_seconds, 0};
    (void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

bool Connection::timed_out() { return read_timed_out; }

bool Connection::wait_readable() {
    auto wait = std::chrono::milliseconds(idle_seconds * 1000L);
    if (in_handshake) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        wait = std::max(std::chrono::milliseconds(0), std::min(wait, left));
    }
    struct pollfd readable = {getSocket(), POLLIN, 0};
    int result;
    do {
        result = poll(&readable, 1, static_cast<int>(wait.count()));
    } while (result < 0 && errno == EINTR);
    read_timed_out = result == 0;
    return result > 0;
}

ssize_t Connection::read(void *buffer, size_t length) {
    // Most reads find data waiting: only the others cost a poll.
    ssize_t count = in_handshake ? -1 : recv(getSocket(), buffer, length, MSG_DONTWAIT);
    if (in_handshake || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))) {
        if (!wait_readable()) {
            errno = ETIMEDOUT;
            return -1;
        }
        count = recv(getSocket(), buffer, length, 0);
    }
    // The kernel goes back to delayed acknowledgements by itself.
    set_option(getSocket(), IPPROTO_TCP, TCP_QUICKACK, 1);
    return count;
}

DcmTransportConnection *TransportLayer::createConnection(DcmNativeSocketType socket, OFBool) {
    current.made = new Connection(socket, current.timeouts);
    current.end();
    return current.made;
}

OFCondition TransportLayer::receive(
    T_ASC_Network *network, int socket, ConnectionTimeouts timeouts, long max_pdu, T_ASC_Association **association) {
    handover.lock();
    current.is_locked = true;
    current.timeouts = timeouts;
    current.made = nullptr;
    read_timed_out = false;
    dcmExternalSocketHandle.set(socket);
    OFCondition result = ASC_receiveAssociation(network, association, max_pdu, nullptr, nullptr, OFFalse, DUL_BLOCK);
    if (current.is_locked) {
        current.end();
        (void)close(socket);
    }
    if (result.good()) current.made->end_handshake();
    return result;
}
