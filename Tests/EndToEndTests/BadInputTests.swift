import Foundation
import TestSupport
import Testing

/// Input that is broken or hostile, from the network: a clear answer, a line of log, nothing stored, and the daemon lives on.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct BadInputTests {
    @Test(arguments: [
        ("truncated", "c000", "ends at byte"),
        ("no study", "c000", "Study Instance UID (0020,000D) is missing"),
        ("long uid", "c000", "Series Instance UID (0020,000E) is longer than 64 bytes"),
        ("lying length", "c000", "declares 4294967280 bytes"),
        ("endless nesting", "c000", "64"),
        ("inflate bomb", "c000", "is longer than 16777216 bytes"),
        ("garbage", "c000", "(0020,000D) is missing"),
        ("other instance", "a900", "is not the command's"),
    ])
    func `a bad instance is refused with a status and a reason`(kind: String, status: String, reason: String) throws {
        let served = try ServedArchive()
        let sent = try Python.run(Self.send, ["\(served.port)", kind])
        #expect(sent.output == "\(status)\n", "\(sent.errors)")
        #expect(try served.files() == [])
        let lines = served.log.split(separator: "\n").filter { $0.contains("not stored: ") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains(reason) == true, "\(lines)")
        let counts = try DicomFS.json([String: Int].self, "stats", "--archive", served.archive)
        #expect(counts["instances"] == 0)
        #expect(try served.answersEcho())
        #expect(try DicomFS.run("verify", "--archive", served.archive).status == 0)
    }

    @Test func `an association that breaks in the middle of an instance leaves nothing`() throws {
        let served = try ServedArchive()
        let sent = try Python.run(Self.send, ["\(served.port)", "abort"])
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(try served.files() == [])
        #expect(served.log.contains("in the middle of an instance"))
        #expect(try served.answersEcho())
    }

    @Test func `garbage on the DICOM port ends its own connection only`() throws {
        let served = try ServedArchive()
        let sent = try Python.run(Self.babble, ["\(served.port)"])
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(try served.answersEcho())
        #expect(served.log.contains("no association: "))
    }

    private static let babble = """
        import os, socket, sys
        for bytes in (b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n', os.urandom(5000), b'\\x01\\x00\\xff\\xff\\xff\\xff' + bytes(64), b''):
            with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as s:
                s.settimeout(30)
                try:
                    s.sendall(bytes); s.shutdown(socket.SHUT_WR)
                    while s.recv(4096): pass
                except TimeoutError: raise
                except OSError: pass  # it hung up first
        """

    private static let send = """
        import os, struct, sys, time, zlib
        from io import BytesIO
        from pydicom.uid import UID
        from pynetdicom import AE
        from pynetdicom.dimse_primitives import C_STORE
        port, kind = int(sys.argv[1]), sys.argv[2]
        def element(group, number, vr, value):
            if len(value) % 2: value += b'\\0'
            head = struct.pack('<HH', group, number) + vr
            if vr in (b'OW', b'SQ', b'UN'): return head + struct.pack('<HI', 0, len(value)) + value
            return head + struct.pack('<H', len(value)) + value
        def data_set(study=b'1.2.3', series=b'1.2.3.4', pixels=bytes(8192)):
            return (element(8, 0x16, b'UI', b'1.2.840.10008.5.1.4.1.1.7') + element(8, 0x18, b'UI', b'1.2.3.4.5')
                + element(0x10, 0x20, b'LO', b'P') + (element(0x20, 0xD, b'UI', study) if study else b'')
                + element(0x20, 0xE, b'UI', series) + element(0x7FE0, 0x10, b'OW', pixels))
        syntax, instance, bytes_ = '1.2.840.10008.1.2.1', '1.2.3.4.5', data_set()
        if kind == 'truncated': bytes_ = bytes_[:-100]
        if kind == 'no study': bytes_ = data_set(study=None)
        if kind == 'long uid': bytes_ = data_set(series=b'1.' * 33)
        if kind == 'lying length': bytes_ = bytes_[:-8196] + struct.pack('<I', 0xFFFFFFF0) + bytes(8192)
        if kind == 'endless nesting':
            level = struct.pack('<HH2sHI', 8, 0x1140, b'SQ', 0, 0xFFFFFFFF) + struct.pack('<HHI', 0xFFFE, 0xE000, 0xFFFFFFFF)
            bytes_ = level * 100000
        if kind == 'inflate bomb':
            syntax = '1.2.840.10008.1.2.1.99'
            press = zlib.compressobj(9, zlib.DEFLATED, -15)
            start = struct.pack('<HH2sHI', 8, 0x1140, b'SQ', 0, 0xFFFFFFFF)
            item = struct.pack('<HHI', 0xFFFE, 0xE000, 0xFFFFFFFF)
            short = struct.pack('<HH2sH', 8, 5, b'CS', 60000) + bytes(60000)
            bytes_ = press.compress(start + item) + b''.join(press.compress(short * 100) for _ in range(100)) + press.flush()
        if kind == 'garbage': bytes_ = element(8, 5, b'CS', b'ISO_IR 100') + element(9, 1, b'UN', os.urandom(3000))
        if kind == 'other instance': instance = '1.2.3.4.6'
        ae = AE(); ae.add_requested_context('1.2.840.10008.5.1.4.1.1.7', UID(syntax))
        assoc = ae.associate('127.0.0.1', port, ae_title='DICOMFS')
        request = C_STORE()
        request.MessageID = 1; request.Priority = 2
        request.AffectedSOPClassUID = '1.2.840.10008.5.1.4.1.1.7'; request.AffectedSOPInstanceUID = instance
        request.DataSet = BytesIO(bytes_)
        context = assoc.accepted_contexts[0].context_id
        if kind == 'abort':
            # The command and half of the data set, then nothing more.
            from pynetdicom.dimse_messages import C_STORE_RQ
            message = C_STORE_RQ(); message.primitive_to_message(request)
            parts = list(message.encode_msg(context, 4096))
            for part in parts[:2]: assoc.dul.send_pdu(part)
            while not assoc.dul.to_provider_queue.empty(): time.sleep(0.01)
            assoc.abort()
            sys.exit(0)
        # As send_c_store does: the association's own thread must not take the answer.
        assoc._reactor_checkpoint.clear()
        while not assoc._is_paused: time.sleep(0.001)
        assoc.dimse.send_msg(request, context)
        _, answer = assoc.dimse.get_msg(block=True)
        print(f'{answer.Status:04x}')
        assoc._reactor_checkpoint.set()
        assoc.release()
        """
}
