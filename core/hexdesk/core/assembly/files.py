"""What is done with files, by people and by tasks."""

from hexdesk.core.assembly.parts import Parts
from hexdesk.core.desk import FileDesk
from hexdesk.core.use_cases import agent_files, files, uploads
from hexdesk.core.use_cases.blob_removal import RemoveBlob
from hexdesk.core.use_cases.file_processing import ProcessFile
from hexdesk.core.use_cases.knowledge import IndexFile
from hexdesk.core.use_cases.summaries import Summarise


def files_of(parts: Parts) -> FileDesk:
    """Return the use cases of files."""
    ports, auditor = parts.ports, parts.auditor
    storage, clock, blobs = ports.storage, ports.clock, ports.blobs
    return FileDesk(
        receive=uploads.ReceiveUpload(
            blobs=blobs,
            clock=clock,
            settings=ports.settings,
            further=parts.additions.text_extractors,
        ),
        keep=uploads.KeepUpload(storage=storage, clock=clock),
        discard=uploads.DiscardUpload(storage=storage, blobs=blobs, clock=clock),
        list=files.ListFiles(storage=storage),
        get=files.GetFile(storage=storage),
        open=files.OpenFile(storage=storage, blobs=blobs),
        read=files.ReadFile(storage=storage),
        remove=files.RemoveFile(storage=storage, blobs=blobs, clock=clock, auditor=auditor),
        list_known=agent_files.ListAgentFiles(storage=storage),
        link=agent_files.LinkFile(storage=storage, auditor=auditor),
        unlink=agent_files.UnlinkFile(storage=storage, auditor=auditor),
    )


def file_tasks(parts: Parts) -> tuple[ProcessFile, RemoveBlob]:
    """Return the types of tasks that are about files."""
    ports = parts.ports
    return (
        ProcessFile(
            storage=ports.storage,
            clock=ports.clock,
            blobs=ports.blobs,
            extraction=ports.extraction,
            summarise=Summarise(
                storage=ports.storage, clock=ports.clock, rules=parts.rules, runner=ports.runner
            ),
            index=IndexFile(embeddings=ports.embeddings),
        ),
        RemoveBlob(storage=ports.storage, blobs=ports.blobs),
    )
