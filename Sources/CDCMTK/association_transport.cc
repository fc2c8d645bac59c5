#include "association_transport.h"

#include <dcmtk/dcmnet/assoc.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

namespace {

/** What this thread hands to the connection that DCMTK is about to make. */
struct Pending {
    SocketHandover *handover;
    ConnectionState *state;
};

thread_local Pending pending = {nullptr, nullptr};

void set_option(int socket, int level, int option, int value) {
    (void)setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

std::mutex SocketHandover::turn;

SocketHandover::SocketHandover(int socket) : lock(turn) { dcmExternalSocketHandle.set(socket); }

void SocketHandover::end() {
    if (!lock.owns_lock()) return;
    dcmExternalSocketHandle.set(-1);
    lock.unlock();
}

Connection::Connection(DcmNativeSocketType socket, ConnectionState *state) : DcmTCPConnection(socket), state(state) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
    struct timeval limit = {state->idle_seconds, 0};
    (void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// The base class closes what it still has.
Connection::~Connection() { setSocket(-1); }

void Connection::close() { setSocket(-1); }

void Connection::closeTransportConnection() { setSocket(-1); }

bool Connection::wait_readable() {
    struct pollfd readable = {getSocket(), POLLIN, 0};
    int result;
    do {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(state->deadline - std::chrono::steady_clock::now());
        result = poll(&readable, 1, static_cast<int>(std::max<long>(0, left.count())));
    } while (result < 0 && errno == EINTR);
    state->timed_out = result == 0;
    state->closed = result < 0;
    return result > 0;
}

ssize_t Connection::read(void *buffer, size_t length) {
    if (state->request_left > 0) {
        size_t count = std::min(length, state->request_left);
        memcpy(buffer, state->request, count);
        state->request += count;
        state->request_left -= count;
        return static_cast<ssize_t>(count);
    }
    // Most reads find data waiting: only the others cost a poll, and look at the clock.
    ssize_t count = recv(getSocket(), buffer, length, MSG_DONTWAIT);
    while (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        if (!wait_readable()) return -1;
        count = recv(getSocket(), buffer, length, MSG_DONTWAIT);
    }
    state->closed = count <= 0;
    if (count > 0) state->received += static_cast<size_t>(count);
    // The kernel goes back to delayed acknowledgements by itself.
    set_option(getSocket(), IPPROTO_TCP, TCP_QUICKACK, 1);
    return count;
}

ssize_t Connection::write(void *buffer, size_t length) { return send(getSocket(), buffer, length, MSG_NOSIGNAL); }

OFBool Connection::networkDataAvailable(int) { return state->request_left > 0 || wait_readable(); }

DcmTransportConnection *TransportLayer::createConnection(DcmNativeSocketType socket, OFBool) {
    pending.handover->end();
    return new Connection(socket, pending.state);
}

OFCondition TransportLayer::receive(
    T_ASC_Network *network, int socket, ConnectionState *state, long max_pdu, T_ASC_Association **association) {
    SocketHandover handover(socket);
    pending = {&handover, state};
    return ASC_receiveAssociation(network, association, max_pdu, nullptr, nullptr, OFFalse, DUL_BLOCK);
}
