"""From instruments and files to corrected waveforms that are fit to judge, or a reason why they are not."""
