"""The test files that take long, which ./run-tests --quick leaves out: whole encodes, whole jobs, kills, slow lines,
builds. Owns the order of all files, too.
"""

from pathlib import Path

LONGEST_FILES = (
    "integration/test_cluster_faults.py",
    "integration/test_killed_phases.py",
    "ui/test_real_job.py",
    "integration/test_cluster.py",
    "integration/test_any_source.py",
    "integration/test_shared_list.py",
    "integration/test_several_jobs.py",
    "integration/test_changing_picture.py",
    "integration/test_resumed_encode.py",
    "integration/test_convert_command.py",
    "integration/test_edit_lists.py",
    "integration/test_sync.py",
    "packaging/test_packages.py",
    "engines/test_encode_task.py",
    "phases/test_kept_model.py",
)
"""Those that take minutes, all in one process each: a run begins with them."""

SLOW_FOLDERS = ("deploy", "integration")

SLOW_FILES = (
    "backend/hostile/test_killed_in_complete.py",
    "backend/hostile/test_parallel_quotas.py",
    "backend/test_access_of_processes.py",
    "backend/test_reference_page.py",
    "backend/test_signals.py",
    "backend/test_workers.py",
    "cli/test_models_command.py",
    "cli/test_terminal.py",
    "cli/test_transcribe_command.py",
    "engines/test_audio_pass.py",
    "engines/test_encode_task.py",
    "engines/test_transcription_task.py",
    "media/encode/test_chunks.py",
    "media/encode/test_encoder_check.py",
    "media/encode/test_encoders.py",
    "media/encode/test_per_title.py",
    "media/encode/test_shot_changes.py",
    "media/source/test_source_checks.py",
    "media/validate/test_kept_contents.py",
    "media/validate/test_validate_damage.py",
    "media/validate/test_validate_streams.py",
    "packaging/test_frozen.py",
    "packaging/test_installed.py",
    "packaging/test_launcher.py",
    "packaging/test_packages.py",
    "phases/test_captions_at_shots.py",
    "phases/test_chunk_order.py",
    "phases/test_copy_top.py",
    "phases/test_corrected_captions.py",
    "phases/test_encoder_fallback.py",
    "phases/test_hls_phase.py",
    "phases/test_kept_model.py",
    "phases/test_lost_files.py",
    "phases/test_old_folders.py",
    "phases/test_overlap.py",
    "phases/test_own_captions.py",
    "phases/test_reruns.py",
    "phases/test_transcribe_phase.py",
    "phases/test_translation.py",
    "speech/test_audio.py",
    "speech/test_audio_choice.py",
    "speech/test_language_vote.py",
    "speech/test_model_download.py",
    "speech/test_multilingual.py",
    "speech/test_speech_model.py",
    "speech/test_transcribe.py",
    "speech/test_translate.py",
    "speech/test_whisper_process.py",
    "test_benchmarks.py",
    "test_quality_benchmark.py",
    "test_upload_benchmark.py",
    "transcripts/test_jobs.py",
    "transcripts/test_merging.py",
    "transcripts/test_publishing.py",
    "transfer/http/test_slow_lines.py",
    "transfer/upload/test_faults.py",
    "transfer/upload/test_multipart.py",
    "ui/machine_check/test_machine_check.py",
    "ui/settings/test_settings_window.py",
    "ui/test_action_bar.py",
    "ui/test_advanced_section.py",
    "ui/test_closing.py",
    "ui/test_frames.py",
    "ui/test_given_files.py",
    "ui/test_history.py",
    "ui/test_layout.py",
    "ui/test_list_window.py",
    "ui/test_menu.py",
    "ui/test_queue_follower.py",
    "ui/test_queue_window.py",
    "ui/test_real_job.py",
    "ui/test_real_list.py",
    "ui/test_results.py",
    "ui/test_running_upload.py",
    "ui/test_scales.py",
    "ui/test_speech.py",
    "ui/test_text_menu.py",
    "ui/test_unfinished.py",
    "ui/test_window.py",
    "ui/test_window_keys.py",
    "ui/transcripts/test_audio_output.py",
    "ui/transcripts/test_editor_scales.py",
    "ui/transcripts/test_player.py",
    "ui/transcripts/test_segment_order.py",
    "ui/transcripts/test_window.py",
)


def is_slow(file: Path) -> bool:
    """Whether a file, below the folder of all tests, takes long."""
    return file.parts[0] in SLOW_FOLDERS or file.as_posix() in SLOW_FILES


def turn(file: Path) -> int:
    """Return a file's place in the order of a run: what takes long begins, so that the processes end together."""
    if file.as_posix() in LONGEST_FILES:
        return LONGEST_FILES.index(file.as_posix())
    return len(LONGEST_FILES) + (not is_slow(file) and file.parts[0] != "browser")
