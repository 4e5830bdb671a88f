"""The test files that take long, which ./run-tests --quick leaves out: whole encodes, whole jobs, kills, slow lines,
builds.
"""

SLOW_FOLDERS = ("integration",)

SLOW_FILES = (
    "backend/test_reference_page.py",
    "engines/test_audio_pass.py",
    "engines/test_encode_task.py",
    "engines/test_transcription_task.py",
    "media/encode/test_chunks.py",
    "media/encode/test_encoder_check.py",
    "media/encode/test_encoders.py",
    "media/encode/test_per_title.py",
    "media/source/test_source_checks.py",
    "media/validate/test_validate_damage.py",
    "media/validate/test_validate_streams.py",
    "packaging/test_frozen.py",
    "packaging/test_installed.py",
    "packaging/test_launcher.py",
    "phases/test_chunk_order.py",
    "phases/test_copy_top.py",
    "phases/test_encoder_fallback.py",
    "phases/test_hls_phase.py",
    "phases/test_lost_files.py",
    "phases/test_old_folders.py",
    "phases/test_overlap.py",
    "phases/test_reruns.py",
    "speech/test_speech_model.py",
    "speech/test_transcribe.py",
    "test_benchmarks.py",
    "test_quality_benchmark.py",
    "transcripts/test_jobs.py",
    "transfer/http/test_slow_lines.py",
    "transfer/upload/test_faults.py",
    "ui/test_real_job.py",
    "ui/test_running_upload.py",
)
