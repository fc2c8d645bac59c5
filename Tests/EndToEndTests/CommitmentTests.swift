import Foundation
import TestSupport
import Testing

/// Storage commitment, as pynetdicom asks for it (PS3.4 annex J).
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct CommitmentTests {
    /// A daemon with the corpus; its settings know a peer COMMITTED that is reported to at a port.
    private func serve(_ port: Int = 1) throws -> ServedArchive {
        let served = try ServedArchive(
            settings: """
                dicom:
                  unknown-peers: [echo, store, commit]
                peers:
                  committed: {ae-title: COMMITTED, host: 127.0.0.1, port: \(port), may: [commit]}
                """)
        let corpus = served.folder.appending("corpus")
        try Corpus.make(in: corpus)
        let sent = try served.storescu([corpus])
        #expect(sent.status == 0, "\(sent.errors)")
        return served
    }

    private static let definitions = """
        reports = Reports()
        INSTANCE = '1.2.840.10008.1.20.1.1'
        def ask(association, asked, action=1, instance=INSTANCE):
            return f'{association.send_n_action(asked, action, Commitment, instance)[0].Status:04X}'
        def images(*names, sop_class=CTImageStorage): return [(sop_class, f'{ROOT}.{name}') for name in names]
        def ask_and_go(title):
            association = associate(Commitment, title=title)
            held = Held(association)
            asked = transaction('1.2.1', *images('1.1.1', '7.7.7'))
            threading.Thread(target=ask, args=(association, asked), daemon=True).start()
            held.release(2, more=A_RELEASE_RQ().encode())

        """

    @Test func `the report comes over the association of the request, and says what is stored and what is not`() throws
    {
        let served = try serve()
        let script = """
            association = associate(Commitment, handlers=reports.handlers)
            print(ask(association, transaction('1.2.1', *images('1.1.1', '1.1.2', '3.1.1'))), reports.next())
            print(ask(association, transaction('1.2.2', *images('1.1.1', '7.7.7'))), reports.next())
            asked = transaction('1.2.3', *images('1.1.1'), *images('1.1.2', sop_class=MRImageStorage))
            print(ask(association, asked), reports.next())
            association.release()
            """
        #expect(
            try PythonPeer.run(Self.definitions + script, served) == [
                "0000 1 1.2.1 1.1.1 1.1.2 3.1.1", "0000 2 1.2.2 1.1.1 7.7.7 0112", "0000 2 1.2.3 1.1.1 1.1.2 0119",
            ])
    }

    @Test func `a request that cannot be followed is answered with what is wrong, and reported on never`() throws {
        let served = try serve()
        let script = """
            association = associate(Commitment, handlers=reports.handlers)
            asked = transaction('1.2.1', *images('1.1.1'))
            print(ask(association, asked, action=2))
            print(ask(association, asked, instance='1.2.840.10008.1.20.1.2'))
            del asked.TransactionUID
            print(ask(association, asked))
            print(ask(association, transaction('1.2.1')))
            asked = transaction('1.2.1')
            del asked.ReferencedSOPSequence
            answer = association.send_n_action(asked, 1, Commitment, INSTANCE)[0]
            print(f'{answer.Status:04X}', answer.ErrorComment)
            # The next report is that on the next request.
            print(ask(association, transaction('1.2.2', *images('1.1.1'))), reports.next())
            association.release()
            """
        #expect(
            try PythonPeer.run(Self.definitions + script, served) == [
                "0123", "0112", "0115", "0115", "0115 Referenced SOP Sequence is missing or empty",
                "0000 1 1.2.2 1.1.1",
            ])
    }

    @Test func `who has released gets the report over a new association, when the settings know where`() throws {
        let port = LocalPort.free()
        let served = try serve(port)
        let script = """
            # Nobody listens there yet: it is tried again.
            ask_and_go('COMMITTED')
            callers = []
            provider = AE('COMMITTED')
            provider.add_supported_context(Commitment, scu_role=True, scp_role=True)
            def accept(event):
                role = event.assoc.requestor.role_selection[Commitment]
                callers.append((event.assoc.requestor.ae_title, role.scu_role, role.scp_role))
            server = provider.start_server(
                ('127.0.0.1', int(arguments[0])), block=False, evt_handlers=[*reports.handlers, (evt.EVT_ACCEPTED, accept)])
            print(reports.next(), callers)
            server.shutdown()
            ask_and_go('STRANGER')
            """
        let said = try PythonPeer.run(Self.definitions + script + "\nos._exit(0)", served, ["\(port)"])
        #expect(said == ["2 1.2.1 1.1.1 7.7.7 0112 [('DICOMFS', False, True)]"])
        #expect(
            served.says("the report on a commitment did not reach STRANGER@127.0.0.1, and no peer with that AE title"))
    }

    @Test func `a peer that does not answer holds up no other, and each is called where the settings say now`() throws {
        let (port, silent) = (LocalPort.free(), LocalPort.free())
        let served = try serve()
        func settings(_ port: Int) -> String {
            """
            dicom:
              unknown-peers: [echo, store, commit]
            peers:
              committed: {ae-title: COMMITTED, host: 127.0.0.1, port: \(port), may: [commit]}
              silent: {ae-title: SILENT, host: 127.0.0.1, port: \(silent), may: [commit]}
            """
        }
        try served.reload(settings(1))
        // Where the settings say at first, COMMITTED does not listen.
        let script = """
            import signal, socket
            silent = socket.create_server(('127.0.0.1', int(arguments[1])))
            ask_and_go('SILENT')
            called, _ = silent.accept()
            ask_and_go('COMMITTED')
            provider = AE('COMMITTED')
            provider.add_supported_context(Commitment, scu_role=True, scp_role=True)
            server = provider.start_server(('127.0.0.1', int(arguments[0])), block=False, evt_handlers=reports.handlers)
            with open(arguments[2], 'w') as file: file.write(arguments[3])
            os.kill(int(arguments[4]), signal.SIGHUP)
            print(reports.next())
            # Its request for an association, and no end of the connection yet.
            called.setblocking(False)
            print(called.recv(1 << 20)[0])
            try: print('ended', called.recv(1))
            except BlockingIOError: print('still waits')
            server.shutdown()
            """
        let said = try PythonPeer.run(
            Self.definitions + script + "\nos._exit(0)", served,
            ["\(port)", "\(silent)", served.folder.appending("settings.yaml"), settings(port), "\(served.pid)"])
        #expect(said == ["2 1.2.1 1.1.1 7.7.7 0112", "1", "still waits"])
    }

    @Test func `a report that comes before the answer to the request is taken and confirmed`() throws {
        let folder = try TemporaryFolder()
        let corpus = folder.appending("corpus")
        try Corpus.make(in: corpus)
        let at = LocalPort.free()
        let settings = """
            dicom: {port: \(LocalPort.free())}
            peers:
              early: {ae-title: EARLY, host: 127.0.0.1, port: \(at)}
            """
        let script = """
            import subprocess
            from io import BytesIO
            from pynetdicom.dimse_primitives import N_EVENT_REPORT
            def action(event):
                told = N_EVENT_REPORT()
                told.MessageID, told.EventTypeID = 1, 1
                told.AffectedSOPClassUID, told.AffectedSOPInstanceUID = Commitment, INSTANCE
                told.EventInformation = BytesIO(event.request.ActionInformation.getvalue())
                event.assoc.dimse.send_msg(told, event.context.context_id)
                _, answer = event.assoc.dimse.get_msg(block=True)
                print('report', f'{answer.Status:04X}')
                return 0x0000, None
            provider = AE('EARLY')
            provider.add_supported_context(CTImageStorage, [EXPLICIT, IMPLICIT])
            provider.add_supported_context(Commitment)
            handlers = [(evt.EVT_C_STORE, lambda event: 0), (evt.EVT_N_ACTION, action)]
            server = provider.start_server(('127.0.0.1', port), block=False, evt_handlers=handlers)
            program, settings, file = arguments
            sent = subprocess.run(
                [program, 'send', '--config', settings, '--commit', 'early', file], capture_output=True, text=True, timeout=120)
            print(sent.returncode, sent.stdout.strip(), sent.stderr.strip(), flush=True)
            os._exit(0)
            """
        let said = try PythonPeer.run(
            Self.definitions + script, port: at,
            [DicomFS.path, folder.write("settings.yaml", Array(settings.utf8)), "\(corpus)/1.1.1.dcm"])
        #expect(said == ["report 0000", "0 sent 1, failed 0, skipped 0, committed 1, not committed 0 "])
    }
}
