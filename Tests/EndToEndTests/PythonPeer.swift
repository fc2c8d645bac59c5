import Foundation
import TestSupport
import Testing

/// An application entity of pynetdicom's: what a test's script may use.
///
/// A script gets the daemon's port and what it is given besides, as `arguments`. It prints what the test looks at.
enum PythonPeer {
    /// Runs a script against a daemon, which is served for as long; the lines it printed.
    static func run(
        _ script: String, _ served: ServedArchive, _ arguments: [String] = [],
        _ location: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        try withExtendedLifetime(served) { try run(script, port: served.port, arguments, location) }
    }

    static func run(
        _ script: String, port: Int, _ arguments: [String] = [], _ location: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        let done = try Python.run(definitions + "\n" + script, ["\(port)"] + arguments)
        #expect(done.status == 0, "\(done.output)\(done.errors)", sourceLocation: location)
        return done.output.split(separator: "\n").map { String($0) }
    }

    private static let tools =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/tools/bench"

    private static let definitions = """
        import hashlib, os, queue, ssl, sys, threading, time, traceback
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pynetdicom import AE, build_role, evt
        from pynetdicom.pdu import A_RELEASE_RQ
        from pynetdicom.sop_class import (
            CTImageStorage, MRImageStorage, SecondaryCaptureImageStorage, Verification,
            PatientRootQueryRetrieveInformationModelFind as PatientFind,
            PatientRootQueryRetrieveInformationModelMove as PatientMove,
            PatientRootQueryRetrieveInformationModelGet as PatientGet,
            StudyRootQueryRetrieveInformationModelFind as StudyFind,
            StudyRootQueryRetrieveInformationModelMove as StudyMove,
            StudyRootQueryRetrieveInformationModelGet as StudyGet,
            StorageCommitmentPushModel as Commitment)
        sys.path.insert(0, '\(tools)')
        import checkpoint
        # An association that is left open would keep the process.
        sys.excepthook = lambda *error: (traceback.print_exception(*error), os._exit(1))
        threading.excepthook = lambda error: (traceback.print_exception(error.exc_value), os._exit(1))
        port, arguments = int(sys.argv[1]), sys.argv[2:]
        EXPLICIT, IMPLICIT = '1.2.840.10008.1.2.1', '1.2.840.10008.1.2'
        ROOT = '\(Corpus.root)'

        def associate(*classes, title='PYTHON', called='DICOMFS', roles=(), handlers=(), at=None, **more):
            '''An association for classes, and for others whose SCP we are.'''
            ae = AE(title)
            ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 60
            for each in [*classes, *roles]: ae.add_requested_context(each, [EXPLICIT, IMPLICIT])
            return ae.associate(
                '127.0.0.1', at or port, ae_title=called, evt_handlers=list(handlers),
                ext_neg=[build_role(each, scp_role=True) for each in roles], **more)

        def identifier(level, **keys):
            asked = Dataset()
            asked.QueryRetrieveLevel = level
            for name, value in keys.items(): setattr(asked, name, value)
            return asked

        def sha(data): return hashlib.sha256(data).hexdigest()

        def digests(folder):
            '''Of the data sets of files, by SOP Instance UID: what follows group 2, whose length stands at byte 140.'''
            found = {}
            for name in os.listdir(folder):
                data = open(f'{folder}/{name}', 'rb').read()
                uid = str(pydicom.dcmread(f'{folder}/{name}', specific_tags=['SOPInstanceUID']).SOPInstanceUID)
                found[uid] = sha(data[144 + int.from_bytes(data[140:144], 'little'):])
            return found

        class Receiver:
            '''Takes what arrives by C-STORE, but for what `fails`, which gets `status`.'''
            def __init__(self): self.clear()
            def clear(self): self.digests, self.files, self.associations, self.fails, self.status = {}, {}, 0, (), 0xA700
            def store(self, event):
                uid = str(event.request.AffectedSOPInstanceUID)
                self.before(uid)
                if uid in self.fails: return self.status
                self.digests[uid] = sha(event.request.DataSet.getvalue())
                self.files[uid] = event.dataset
                self.files[uid].file_meta = FileMetaDataset()
                self.files[uid].file_meta.TransferSyntaxUID = event.context.transfer_syntax
                return 0
            def before(self, uid): pass
            def accept(self, event): self.associations += 1
            def listen(self, at, syntaxes=(EXPLICIT, IMPLICIT), title='DEST'):
                ae = AE(title)
                for each in (CTImageStorage, MRImageStorage, SecondaryCaptureImageStorage):
                    ae.add_supported_context(each, list(syntaxes))
                handlers = [(evt.EVT_C_STORE, self.store), (evt.EVT_ACCEPTED, self.accept)]
                return ae.start_server(('127.0.0.1', at), block=False, evt_handlers=handlers)

        def last(responses):
            '''The last response of a retrieval: its status, how many were completed, failed, had a warning and remain,
            and the UIDs that failed.'''
            for status, answer in responses: pass
            names = ['Completed', 'Failed', 'Warning', 'Remaining']
            counts = [str(status.get(f'NumberOf{each}Suboperations', '-')) for each in names]
            failed = getattr(answer, 'FailedSOPInstanceUIDList', None) or []
            failed = [failed] if isinstance(failed, str) else failed
            failed = sorted(str(each).removeprefix(ROOT + '.') for each in failed)
            return ' '.join([f'{status.Status:04X}', *counts, *failed])

        def transaction(uid, *instances):
            '''What a storage commitment is asked of: pairs of SOP Class and SOP Instance UID.'''
            asked = Dataset()
            asked.TransactionUID = uid
            asked.ReferencedSOPSequence = pydicom.Sequence()
            for sop_class, instance in instances:
                item = Dataset()
                item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
                asked.ReferencedSOPSequence.append(item)
            return asked

        class Reports:
            '''Takes reports on commitments. Each is there when its answer was sent: only then may the association be released.'''
            def __init__(self):
                self.all = queue.Queue()
                self.handlers = [(evt.EVT_N_EVENT_REPORT, self.report), (evt.EVT_DATA_SENT, self.sent)]
            def report(self, event):
                said = event.event_information
                stored = [each.ReferencedSOPInstanceUID for each in said.get('ReferencedSOPSequence', [])]
                failed = [f'{each.ReferencedSOPInstanceUID} {each.FailureReason:04X}' for each in said.get('FailedSOPSequence', [])]
                self.said = ' '.join([f'{event.event_type}', said.TransactionUID, *stored, *failed]).replace(ROOT + '.', '')
                return 0x0000, None
            def sent(self, event):
                # Command Field (0000,0100) of N-EVENT-REPORT-RSP.
                if bytes([0, 0, 0, 1, 2, 0, 0, 0, 0, 0x81]) in event.data: self.all.put(self.said)
            def next(self): return self.all.get(timeout=30)

        class Held:
            '''Keeps what an association sends, until a number of PDUs is there: they are sent as one, with more bytes.'''
            def __init__(self, association):
                self.socket, self.kept = association.dul.socket, []
                self.send, self.socket.send = self.socket.send, self.kept.append
            def release(self, count, more=b''):
                while len(self.kept) < count: time.sleep(0.01)
                self.socket.send = self.send
                self.send(b''.join(self.kept) + more)

        """
}
