import Foundation
import TestSupport
import Testing

/// C-MOVE and C-GET, as pynetdicom asks for them.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct RetrieveTests {
    /// A daemon with the corpus; its settings know the peers DEST at that port, and DOWN, where nobody listens.
    private func serve(_ destination: Int) throws -> (ServedArchive, corpus: String) {
        let served = try ServedArchive(
            settings: """
                dicom:
                  unknown-peers: [echo, store, find, move, get]
                peers:
                  dest: {ae-title: DEST, host: 127.0.0.1, port: \(destination)}
                  down: {ae-title: DOWN, host: 127.0.0.1, port: \(LocalPort.free())}
                """)
        let corpus = served.folder.appending("corpus")
        try Corpus.make(in: corpus)
        let sent = try served.storescu([corpus])
        #expect(sent.status == 0, "\(sent.errors)")
        return (served, corpus)
    }

    @Test func `both models give what each level asks for, one UID or several, byte for byte`() throws {
        let destination = LocalPort.free()
        let (served, corpus) = try serve(destination)
        let script = """
            receiver = Receiver()
            server = receiver.listen(int(arguments[0]))
            sent = digests(arguments[1])
            one, two, three = (dict(StudyInstanceUID=f'{ROOT}.{study}') for study in (1, 2, 3))
            both = dict(StudyInstanceUID=[f'{ROOT}.1', f'{ROOT}.2'])
            p1, p2 = dict(PatientID='P1'), dict(PatientID='P2')
            second = dict(SeriesInstanceUID=f'{ROOT}.1.2')
            cases = [
                ('patient', 'PATIENT', p1, '1.1 1.2 2.1'),
                ('patient', 'STUDY', p1 | both, '1.1 1.2 2.1'),
                ('patient', 'STUDY', p2 | three, '3.1'),
                ('patient', 'STUDY', p2 | one, ''),
                ('patient', 'SERIES', p1 | one | second, '1.2'),
                ('patient', 'IMAGE', p1 | one | second | dict(SOPInstanceUID=[f'{ROOT}.1.2.2']), '1.2.2'),
                ('study', 'STUDY', dict(StudyInstanceUID=[f'{ROOT}.1', f'{ROOT}.3']), '1.1 1.2 3.1'),
                ('study', 'SERIES', one | dict(SeriesInstanceUID=[f'{ROOT}.1.1', f'{ROOT}.1.2']), '1.1 1.2'),
                ('study', 'SERIES', three | second, ''),
                ('study', 'IMAGE', one | dict(SeriesInstanceUID=f'{ROOT}.1.1',
                    SOPInstanceUID=[f'{ROOT}.1.1.1', f'{ROOT}.1.1.3', f'{ROOT}.9']), '1.1.1 1.1.3'),
                ('study', 'STUDY', dict(StudyInstanceUID=f'{ROOT}.99'), ''),
            ]
            moves, gets = dict(patient=PatientMove, study=StudyMove), dict(patient=PatientGet, study=StudyGet)
            movers = associate(*moves.values())
            getters = associate(*gets.values(), roles=[CTImageStorage], handlers=[(evt.EVT_C_STORE, receiver.store)])
            for model, level, keys, wanted in cases:
                whole = {uid: digest for uid, digest in sent.items()
                    if any(f'{uid}.'.startswith(f'{ROOT}.{each}.') for each in wanted.split())}
                asked = identifier(level, **keys)
                receiver.clear()
                moved = last(movers.send_c_move(asked, 'DEST', moves[model]))
                print('move', model, level, moved, receiver.digests == whole)
                receiver.clear()
                print('get', model, level, last(getters.send_c_get(asked, gets[model])), receiver.digests == whole)
            movers.release(), getters.release(), server.shutdown()
            """
        let said = try PythonPeer.run(script, served, ["\(destination)", corpus])
        let wanted = [
            "patient PATIENT 0000 6", "patient STUDY 0000 6", "patient STUDY 0000 2", "patient STUDY 0000 0",
            "patient SERIES 0000 2", "patient IMAGE 0000 1", "study STUDY 0000 7", "study SERIES 0000 5",
            "study SERIES 0000 0", "study IMAGE 0000 2", "study STUDY 0000 0",
        ]
        #expect(said == wanted.flatMap { ["move \($0) 0 0 - True", "get \($0) 0 0 - True"] })
    }

    @Test func `a C-CANCEL ends a C-FIND, a C-MOVE and a C-GET with FE00, and the association goes on`() throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            class Cancelling(Receiver):
                '''Asks for the end of the operation before it answers for the first instance.'''
                def before(self, uid):
                    if self.digests: return
                    sent = threading.Event()
                    association.bind(evt.EVT_DATA_SENT, lambda event: sent.set())
                    association.send_c_cancel(1, query_model=self.model)
                    sent.wait(30)
            receiver = Cancelling()
            server = receiver.listen(int(arguments[0]))
            association = associate(
                StudyMove, StudyGet, StudyFind, roles=[CTImageStorage], handlers=[(evt.EVT_C_STORE, receiver.store)])
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
            receiver.model = StudyMove
            print('move', last(association.send_c_move(asked, 'DEST', StudyMove, msg_id=1)), len(receiver.digests))
            receiver.clear()
            receiver.model = StudyGet
            print('get', last(association.send_c_get(asked, StudyGet, msg_id=1)), len(receiver.digests))
            # Of a request and its cancellation that come as one.
            held = Held(association)
            asked = identifier('STUDY', StudyInstanceUID='')
            responses = association.send_c_find(asked, StudyFind, msg_id=1)
            association.send_c_cancel(1, query_model=StudyFind)
            held.release(3)
            print('find', *(f'{status.Status:04X}' for status, _ in responses))
            # Of none, and of another one: nothing happens.
            association.send_c_cancel(1, query_model=StudyFind)
            held = Held(association)
            responses = association.send_c_find(asked, StudyFind, msg_id=1)
            association.send_c_cancel(2, query_model=StudyFind)
            held.release(3)
            print('find', *(f'{status.Status:04X}' for status, _ in responses))
            association.release(), server.shutdown()
            """
        let said = try PythonPeer.run(script, served, ["\(destination)"])
        #expect(said == ["move FE00 1 0 0 4 1", "get FE00 1 0 0 4 1", "find FE00", "find FF00 FF00 FF00 0000"])
        #expect(served.says("move to dest by PYTHON@127.0.0.1: 1 sent, 0 failed, 4 cancelled"))
    }

    @Test func `an identifier that cannot be followed is answered with the element that is wrong`() throws {
        let (served, _) = try serve(LocalPort.free())
        let script = """
            association = associate(StudyFind, StudyMove, StudyGet)
            def refused(responses):
                for status, _ in responses: print(f'{status.Status:04X}', status.get('OffendingElement', '-'))
            refused(association.send_c_find(identifier('FRAME', StudyInstanceUID='1'), StudyFind))
            refused(association.send_c_find(identifier('PATIENT', PatientID='1'), StudyFind))
            refused(association.send_c_move(identifier('STUDY', PatientID='1'), 'DEST', StudyMove))
            refused(association.send_c_get(identifier('SERIES', StudyInstanceUID='1'), StudyGet))
            # None where no element is wrong.
            refused(association.send_c_find(identifier('STUDY', StudyInstanceUID='1'), StudyFind))
            refused(association.send_c_move(identifier('STUDY', StudyInstanceUID='1'), 'NOBODY', StudyMove))
            association.release()
            """
        #expect(
            try PythonPeer.run(script, served) == [
                "A900 (0008,0052)", "A900 (0008,0052)", "A900 (0020,000D)", "A900 (0020,000E)", "0000 -", "A801 -",
            ])
    }

    @Test func `matches of a query with a key that is not compared have the status FF01`() throws {
        let (served, _) = try serve(LocalPort.free())
        let script = """
            association = associate(StudyFind)
            def find(level, **keys):
                asked = identifier(level, StudyInstanceUID=f'{ROOT}.1', **keys)
                print(*(f'{status.Status:04X}' for status, _ in association.send_c_find(asked, StudyFind)))
            find('STUDY', PatientID='P1', ModalitiesInStudy='CT', InstitutionName='')
            find('STUDY', InstanceAvailability='', Modality='', RetrieveAETitle='*')
            find('STUDY', Modality='MR')
            find('STUDY', SOPInstanceUID='1.2.3')
            find('STUDY', InstanceAvailability='OFFLINE')
            find('STUDY', TimezoneOffsetFromUTC='+0100')
            find('SERIES', Modality='CT')
            association.release()
            """
        #expect(
            try PythonPeer.run(script, served) == [
                "FF00 0000", "FF00 0000", "FF01 0000", "FF01 0000", "FF01 0000", "FF01 0000", "FF00 FF00 0000",
            ])
    }

    @Test func `what a destination does not take is told, and the others go there`() throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            receiver = Receiver()
            server = receiver.listen(int(arguments[0]))
            association = associate(StudyMove)
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
            def move(title, *fails, status=0xA700):
                receiver.clear()
                receiver.fails, receiver.status = [f'{ROOT}.{each}' for each in fails], status
                print(last(association.send_c_move(asked, title, StudyMove)))
            move('NOWHERE')
            move('DOWN')
            move('DEST')
            move('DEST', '1.1.2', '1.2.1')
            move('DEST', '1.1.2', '1.2.1', status=0xB006)
            move('DEST', '1.1.1', '1.1.2', '1.1.3', '1.2.1', '1.2.2')
            association.release(), server.shutdown()
            """
        let said = try PythonPeer.run(script, served, ["\(destination)"])
        let all = "1.1.1 1.1.2 1.1.3 1.2.1 1.2.2"
        #expect(
            said == [
                "A801 - - - -", "A702 0 5 0 - \(all)", "0000 5 0 0 -", "B000 3 2 0 - 1.1.2 1.2.1", "B000 3 0 2 -",
                "A702 0 5 0 - \(all)",
            ])
        #expect(served.says("association PYTHON@127.0.0.1: 6 operations"))
        #expect(served.logLines("no peer with the AE title NOWHERE has a port").count == 1)
        #expect(served.logLines("move to down by PYTHON@127.0.0.1: 0 sent, 5 failed").count == 1)
        #expect(served.logLines("Connection refused").count == 1)
    }

    @Test func `a C-MOVE soon after another goes over the same association, and one after a pause over its own`() throws
    {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            receiver = Receiver()
            released = threading.Semaphore(0)
            server = receiver.listen(int(arguments[0]))
            server.bind(evt.EVT_RELEASED, lambda event: released.release())
            association = associate(StudyMove)
            def move():
                asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
                print(last(association.send_c_move(asked, 'DEST', StudyMove)), receiver.associations)
            move(), move()
            # Who waits for its end, as movescu does when it moves to itself, does not wait for long.
            released.acquire()
            move()
            association.release()
            released.acquire()
            server.shutdown()
            """
        let said = try PythonPeer.run(script, served, ["\(destination)"])
        #expect(said == ["0000 5 0 0 - 1", "0000 5 0 0 - 1", "0000 5 0 0 - 2"])
    }

    @Test(arguments: ["the association request", "the first instance"])
    func `a C-CANCEL ends a C-MOVE though its destination does not answer`(what: String) throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            import socket
            class Silent(Receiver):
                arrived, cancelled, aborted = threading.Event(), threading.Event(), threading.Event()
                def before(self, uid):
                    self.arrived.set()
                    self.cancelled.wait()
            silent = Silent()
            if arguments[1] == 'the first instance':
                server = silent.listen(int(arguments[0]))
                server.bind(evt.EVT_ABORTED, lambda event: silent.aborted.set())
            else:
                listener = socket.create_server(('127.0.0.1', int(arguments[0])))
                def accept():
                    connection, _ = listener.accept()
                    connection.recv(10)
                    silent.arrived.set()
                    while connection.recv(1 << 16): pass
                    silent.aborted.set()
                threading.Thread(target=accept, daemon=True).start()
            association = associate(StudyMove)
            def cancel():
                silent.arrived.wait()
                association.send_c_cancel(1, query_model=StudyMove)
            threading.Thread(target=cancel, daemon=True).start()
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
            # Long before the destination is silent for too long, or the requester gives up.
            association.dimse_timeout = 12
            print(last(association.send_c_move(asked, 'DEST', StudyMove, msg_id=1)))
            silent.cancelled.set()
            print('aborted', silent.aborted.wait(30), flush=True)
            # The association goes on.
            print(last(association.send_c_move(identifier('STUDY', StudyInstanceUID='1.2'), 'DEST', StudyMove)), flush=True)
            os._exit(0)
            """
        #expect(
            try PythonPeer.run(script, served, ["\(destination)", what]) == [
                "FE00 0 0 0 5", "aborted True", "0000 0 0 0 -",
            ])
        #expect(served.says("move to dest by PYTHON@127.0.0.1: 0 sent, 0 failed, 5 cancelled"))
    }

    @Test func `who has gone waits for no C-MOVE: its destination is let go`() throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            import socket
            arrived, closed = threading.Event(), threading.Event()
            listener = socket.create_server(('127.0.0.1', int(arguments[0])))
            def accept():
                connection, _ = listener.accept()
                while connection.recv(1 << 16): arrived.set()
                closed.set()
            threading.Thread(target=accept, daemon=True).start()
            association = associate(StudyMove)
            def leave():
                arrived.wait()
                association.abort()
            threading.Thread(target=leave, daemon=True).start()
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
            for status, answer in association.send_c_move(asked, 'DEST', StudyMove): pass
            # Long before it has been silent for too long.
            print('closed', closed.wait(12), flush=True)
            os._exit(0)
            """
        #expect(try PythonPeer.run(script, served, ["\(destination)"]) == ["closed True"])
        #expect(served.says("aborted by the peer"))
    }

    @Test func `the daemon ends though a destination never answers`() throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            pid, stop = int(arguments[1]), threading.Event()
            class Stopping(Receiver):
                '''Ends the daemon while that waits for its answer.'''
                def before(self, uid):
                    os.kill(pid, 15)
                    stop.wait()
            Stopping().listen(int(arguments[0]))
            association = associate(StudyMove)
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.1')
            for status, answer in association.send_c_move(asked, 'DEST', StudyMove): pass
            print('no answer', flush=True)
            os._exit(0)
            """
        // Long before the destination is silent for too long.
        #expect(try PythonPeer.run(script, served, ["\(destination)", "\(served.pid)"]) == ["no answer"])
        #expect(served.wait() == 0)
    }

    @Test(arguments: ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
    func `what a receiver does not take compressed it gets uncompressed, with the same pixels`(syntax: String) throws {
        let destination = LocalPort.free()
        let (served, _) = try serve(destination)
        let script = """
            import imagecodecs, numpy
            from pydicom.encaps import encapsulate
            destination, folder, syntax = arguments
            os.makedirs(folder)
            pixels = numpy.arange(24 * 20, dtype=numpy.uint16).reshape(24, 20) * 7 % 4096
            stored = {
                '1.2.840.10008.1.2.4.80': imagecodecs.jpegls_encode(pixels),
                '1.2.840.10008.1.2.4.90': imagecodecs.jpeg2k_encode(pixels, codecformat='j2k', reversible=True, level=0),
                '1.2.840.10008.1.2.5': None}
            sender = AE('PYTHON')
            for each in stored: sender.add_requested_context(SecondaryCaptureImageStorage, each)
            association = sender.associate('127.0.0.1', port)
            source = pydicom.dcmread(f'{folder}/../corpus/1.1.1.dcm')
            for number, (compressed, stream) in enumerate(stored.items(), 1):
                image = pydicom.dcmread(f'{folder}/../corpus/1.1.1.dcm')
                image.SOPClassUID, image.SOPInstanceUID = SecondaryCaptureImageStorage, f'{ROOT}.8.1.{number}'
                image.StudyInstanceUID, image.SeriesInstanceUID = f'{ROOT}.8', f'{ROOT}.8.1'
                image.Rows, image.Columns, image.PixelData = 24, 20, pixels.tobytes()
                if stream is None:
                    image.compress(compressed, generate_instance_uid=False)
                else:
                    image.PixelData = encapsulate([stream])
                    image['PixelData'].is_undefined_length = True
                    image.file_meta.TransferSyntaxUID = compressed
                print('store', f'{association.send_c_store(image).Status:04X}')
            association.release()
            receiver = Receiver()
            server = receiver.listen(int(destination), syntaxes=[syntax])
            asked = identifier('STUDY', StudyInstanceUID=f'{ROOT}.8')
            def check(name, answer):
                same = [bool((file.pixel_array == pixels).all()) for file in receiver.files.values()]
                print(name, answer, {str(file.file_meta.TransferSyntaxUID) for file in receiver.files.values()} == {syntax}, same)
            association = associate(StudyMove)
            check('move', last(association.send_c_move(asked, 'DEST', StudyMove)))
            association.release(), server.shutdown()
            receiver.clear()
            getter = AE('PYTHON')
            getter.add_requested_context(StudyGet)
            getter.add_requested_context(SecondaryCaptureImageStorage, syntax)
            association = getter.associate(
                '127.0.0.1', port, ext_neg=[build_role(SecondaryCaptureImageStorage, scp_role=True)],
                evt_handlers=[(evt.EVT_C_STORE, receiver.store)])
            check('get', last(association.send_c_get(asked, StudyGet)))
            association.release()
            """
        let folder = served.folder.appending("compressed")
        let said = try PythonPeer.run(script, served, ["\(destination)", folder, syntax])
        let same = "0000 3 0 0 - True [True, True, True]"
        #expect(said == ["store 0000", "store 0000", "store 0000", "move \(same)", "get \(same)"])
    }
}
